import { readFileSync } from "node:fs";
import { createServer, type TLSSocket } from "node:tls";

// The upstream of the gate's bench: as little work per request as Node can do, so that the proxies are what is measured.
// Arguments: certificate file, key file. Prints its port.

const [certificate = "", key = ""] = process.argv.slice(2);
const small = Buffer.from(JSON.stringify({ text: "x".repeat(1_000) }));
const smallAnswer = Buffer.concat([
  Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${small.length}\r\n\r\n`),
  small,
]);
const streamHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const event = "d\r\ndata: hello\n\n\r\n";
const piece = Buffer.alloc(64 * 1024, "y");

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
  let head = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    head += chunk.toString("latin1");
    for (let end = head.indexOf("\r\n\r\n"); end >= 0; end = head.indexOf("\r\n\r\n")) {
      const line = head.slice(0, head.indexOf("\r\n"));
      head = head.slice(end + 4);
      answer(socket, line.split(" ")[1] ?? "/");
    }
  });
});

function answer(socket: TLSSocket, path: string): void {
  if (path === "/small") socket.write(smallAnswer);
  else if (path === "/stream") socket.write(streamHead + event);
  else if (path === "/short-stream") {
    socket.write(streamHead + event);
    setTimeout(() => socket.write(`${event}0\r\n\r\n`), 250);
  } else sendBig(socket, Number(path.split("/")[2]) * 1024 ** 2);
}

function sendBig(socket: TLSSocket, bytes: number): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${bytes}\r\n\r\n`);
  let left = bytes;
  const more = () => {
    while (left > 0) {
      left -= piece.length;
      if (!socket.write(piece)) {
        socket.once("drain", more);
        return;
      }
    }
  };
  more();
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address ? address.port : 0);
});
