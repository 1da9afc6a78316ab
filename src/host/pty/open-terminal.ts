import { closeSync, constants, openSync, write } from "node:fs";
import type { Readable } from "node:stream";
import { ReadStream } from "node:tty";
import type { Spawner } from "../process/child.ts";

/** A pseudo-terminal of our own. The program in it is started by the caller, with `inside` as its three streams. */
export interface Terminal {
  /** The program's end, for each of its streams. Ours to close, with `release`, once the program has it. */
  readonly inside: readonly [number, number, number];
  release(): void;
  /** What the program prints, as bytes. Ends, without an error, when nobody has the program's end any more. */
  readonly output: Readable;
  /** Types bytes. Never blocks; what a program does not read is kept up to a bound, then dropped. */
  write(bytes: Uint8Array): void;
  resize(columns: number, rows: number): void;
}

/** Opens a terminal of the given size. */
export type OpenTerminal = (size: { readonly columns: number; readonly rows: number }) => Promise<Terminal>;

/** Makes the real `OpenTerminal`. The native part is loaded at its first use: most sandboxes never need it. */
export function createOpenTerminal(spawner: Pick<Spawner, "cover" | "uncover">): OpenTerminal {
  return async ({ columns, rows }) => {
    // The package's own `spawn` leaves the program's terminal to whoever is started next, and starts programs with
    // whatever descriptors we have: only its native calls are used.
    const { requireBinary } = await import("@lydell/node-pty/requireBinary.js");
    const native = requireBinary("pty.node");
    const { master, slave, pty } = native.open(columns, rows);
    spawner.cover(master);
    // Its descriptor of the inner end does not block, which programs do not expect of a terminal: take one of our own.
    const inside = openSync(pty, constants.O_RDWR | constants.O_NOCTTY);
    closeSync(slave);
    const output = new ReadStream(master);
    let open = true;
    output.on("error", () => output.destroy()); // EIO: the last holder of the inner end closed it. There is no other end.
    output.once("close", () => {
      open = false;
      spawner.uncover(master);
    });
    const typist = createTypist(master, () => open);
    return {
      inside: [inside, inside, inside],
      release: () => closeSync(inside),
      output,
      write: typist,
      resize: (width, height) => {
        if (open) native.resize(master, width, height);
      },
    };
  };
}

const maxQueuedBytes = 1024 ** 2;
const retryMilliseconds = 10;

/** Writes in order and without blocking. Node's own stream would spin on a terminal that nobody reads. */
function createTypist(fd: number, isOpen: () => boolean): (bytes: Uint8Array) => void {
  const queue: Uint8Array[] = [];
  let queued = 0;
  let busy = false;
  const next = () => {
    const [first] = queue;
    if (first === undefined || !isOpen()) {
      busy = false;
      return;
    }
    busy = true;
    write(fd, first, (error, written) => {
      if (error && error.code !== "EAGAIN") return drop();
      if (error || written === 0) return void setTimeout(next, retryMilliseconds);
      queued -= written;
      if (written < first.length) queue[0] = first.subarray(written);
      else queue.shift();
      next();
    });
  };
  const drop = () => {
    queue.length = 0;
    queued = 0;
    busy = false;
  };
  return (bytes) => {
    if (bytes.length === 0 || queued + bytes.length > maxQueuedBytes) return;
    queue.push(Uint8Array.from(bytes));
    queued += bytes.length;
    if (!busy) next();
  };
}
