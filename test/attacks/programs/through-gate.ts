// Speaks to the gate byte by byte, as no decent client would: CONNECT (optional), TLS with any name (optional), then BYTES.
// It has succeeded when what came back holds WANTED (a pattern; by default the outside's proof for our marker).
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

const env = process.env;
const marker = env.MARKER ?? "";
const wanted = new RegExp(env.WANTED ?? `seen ${marker} [0-9a-f]+`, "s");
const pieces = JSON.parse(env.BYTES ?? "[]") as readonly string[];

const placeholder = env.SITE_KEY ?? "";
/** Puts in what only a run knows. `LENGTH` becomes the length of all that follows `BODY`. */
function fill(text: string): string {
  const filled = text
    .replace(/(?:MARKER)+/g, marker)
    .replaceAll("PLACEHOLDER64", Buffer.from(`key=${placeholder}`).toString("base64"))
    .replaceAll("PLACEHOLDER%", [...Buffer.from(placeholder)].map((code) => `%${code.toString(16)}`).join(""))
    .replaceAll("PLACEHOLDER", placeholder);
  const [head, body] = filled.split("BODY");
  return body === undefined ? filled : `${head?.replace("LENGTH", String(body.length))}${body}`;
}

function end(text: string): never {
  const found = wanted.exec(text);
  if (found !== null) console.log(`ATTACK-SUCCEEDED ${JSON.stringify(found[0].slice(0, 2000))}`);
  else console.log(`ATTACK-BLOCKED ${JSON.stringify(text.slice(0, 300))}`);
  process.exit(found === null ? 1 : 0);
}

/** Sends the pieces and gathers what comes back until the wanted text is there, the other side closes, or it stays silent. */
function exchange(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    let silence = setTimeout(() => resolve(text), 10_000);
    const finish = () => {
      clearTimeout(silence);
      resolve(text);
    };
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (wanted.test(text)) finish();
      // Something was said: what is still to come is on its way.
      clearTimeout(silence);
      silence = setTimeout(() => resolve(text), 500);
    });
    socket.on("end", finish);
    socket.on("close", finish);
    socket.on("error", (error) => {
      text += ` (${error.message})`;
      finish();
    });
    const send = (rest: readonly string[]) => {
      const [piece, ...more] = rest;
      if (piece === undefined || socket.destroyed) return;
      socket.write(Buffer.from(fill(piece), "latin1"));
      setTimeout(() => send(more), 60);
    };
    send(pieces);
  });
}

function readTunnelAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const read = (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      socket.off("data", read);
      resolve(text);
    };
    socket.on("data", read);
    socket.once("end", () => resolve(text));
    socket.once("error", (error) => resolve(error.message));
  });
}

async function openTls(socket: Socket, servername: string): Promise<Socket> {
  // An attacker does not care who signed: only whether the bytes go through.
  const secure = connectTls({ socket, servername, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
  await new Promise<void>((resolve) => {
    secure.once("secureConnect", () => resolve());
    secure.once("error", (error) => end(`TLS: ${error.message}`));
    secure.once("close", () => end("TLS: closed"));
  });
  return secure;
}

console.log("ATTACK-STARTED");
const proxy = new URL(env.PROXY ?? env.HTTP_PROXY ?? "http://127.0.0.1:3128");
const socket = connect(Number(proxy.port), proxy.hostname);
socket.once("error", (error) => end(`proxy: ${error.message}`));
if (env.CONNECT !== undefined) {
  const target = fill(env.CONNECT);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${env.CONNECT_HOST ?? target}\r\n\r\n`);
  const answer = await readTunnelAnswer(socket);
  if (!/^HTTP\/1\.[01] 200/.test(answer)) end(answer);
}
end(await exchange(env.SNI === undefined ? socket : await openTls(socket, fill(env.SNI))));
