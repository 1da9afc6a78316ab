import { createConnection } from "node:net";
import { createLineSplitter } from "../base/line-splitter.ts";
import { socketPath } from "../host/socket-path.ts";
import type { FromKeeper, ToKeeper } from "../spec/keeper-protocol.ts";

const maxLineBytes = 16 * 1024 ** 2;

/** A connection to a keeper. `closed` resolves (never rejects) when the keeper ends or dies. */
export interface KeeperClient extends Disposable {
  send(message: ToKeeper): void;
  onMessage(listener: (message: FromKeeper) => void): void;
  /** The next message that `choose` accepts; undefined when the keeper is gone first. */
  next<T extends FromKeeper>(choose: (message: FromKeeper) => message is T): Promise<T | undefined>;
  /** Stops reading while the reader's own output is full. */
  pause(): void;
  resume(): void;
  readonly closed: Promise<void>;
}

/** Connects to `keeper.sock`; undefined when nobody answers there. */
export async function connectKeeper(path: string): Promise<KeeperClient | undefined> {
  using place = socketPath(path);
  const socket = createConnection(place.name);
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  if (!connected) return undefined;
  const listeners = new Set<(message: FromKeeper) => void>();
  const split = createLineSplitter(maxLineBytes);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  socket.on("error", () => {}); // Followed by `close`.
  socket.on("data", (bytes: Buffer) => {
    try {
      for (const line of split(bytes)) {
        const message = JSON.parse(line) as FromKeeper;
        for (const listener of [...listeners]) listener(message);
      }
    } catch {
      socket.destroy(); // Not a keeper, or one of another version: the caller sees it as gone.
    }
  });
  const client: KeeperClient = {
    send: (message) => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`)),
    onMessage: (listener) => void listeners.add(listener),
    next: <T extends FromKeeper>(choose: (message: FromKeeper) => message is T) =>
      new Promise<T | undefined>((resolve) => {
        const listen = (message: FromKeeper) => {
          if (!choose(message)) return;
          listeners.delete(listen);
          resolve(message);
        };
        listeners.add(listen);
        void closed.then(() => resolve(undefined));
      }),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    closed,
    [Symbol.dispose]: () => void socket.destroy(),
  };
  return client;
}
