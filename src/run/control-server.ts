import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createLineSplitter } from "../base/line-splitter.ts";
import { socketPath } from "../host/socket-path.ts";
import type { FromKeeper, ToKeeper } from "../spec/keeper-protocol.ts";

const maxLineBytes = 4 * 1024 ** 2;
/** Past this much unsent output a client counts as slow. */
const highWater = 1024 ** 2;

/** One connected client of a keeper. */
export interface ControlClient {
  send(message: FromKeeper): void;
  readonly slow: boolean;
  /** Called each time the client has caught up. */
  onDrain(listener: () => void): void;
  readonly closed: boolean;
}

/** What the keeper does with its clients' messages. */
export interface ControlHandler {
  connected(client: ControlClient): void;
  message(client: ControlClient, message: ToKeeper): void;
  disconnected(client: ControlClient): void;
}

/** A served socket. `withdraw` takes its file away, `close` ends the connections that there are. */
export interface ControlServer {
  withdraw(): void;
  close(): void;
}

/** Serves `keeper.sock` (0600). Lines are parsed by `parse`; a client that sends anything else is told so and cut off. */
export async function serveControl(
  path: string,
  parse: (value: unknown) => ToKeeper,
  handler: ControlHandler,
): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const client = createClient(socket);
    const split = createLineSplitter(maxLineBytes);
    handler.connected(client);
    socket.on("data", (bytes: Buffer) => {
      try {
        for (const line of split(bytes)) handler.message(client, parse(JSON.parse(line)));
      } catch (error) {
        refuse(client, socket, error);
      }
    });
    socket.on("error", () => {}); // The close that follows is what counts.
    socket.on("close", () => {
      sockets.delete(socket);
      handler.disconnected(client);
    });
  });
  // The folder is 0700 already; the mode of the socket itself must not hang on the umask of who started us.
  const before = process.umask(0o177);
  using place = socketPath(path);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(place.name, resolve);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  return {
    withdraw() {
      server.close();
      rmSync(path, { force: true });
    },
    close() {
      for (const socket of sockets) socket.end();
    },
  };
}

function refuse(client: ControlClient, socket: Socket, error: unknown): void {
  const message = error instanceof Error ? error.message : "not a message of the keeper protocol";
  client.send({
    type: "failed",
    code: "bad_message",
    message: `Cannot read message: ${message.slice(0, 300)}`,
    hint: "use a client of the same version",
    exit: 6,
  });
  socket.end();
}

function createClient(socket: Socket): ControlClient {
  return {
    send(message) {
      if (!socket.destroyed && socket.writable) socket.write(`${JSON.stringify(message)}\n`);
    },
    get slow() {
      return socket.writableLength > highWater;
    },
    onDrain: (listener) => void socket.on("drain", listener),
    get closed() {
      return socket.destroyed;
    },
  };
}
