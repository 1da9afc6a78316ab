import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const chunkBytes = 64 * 1024;
const pollMilliseconds = 150;

/** When to stop, and whom to tell that all there was has been read (again after each pause). */
export interface FollowOptions {
  readonly isOver: () => boolean;
  readonly signal?: AbortSignal;
  readonly caughtUp?: () => void;
}

/**
 * The lines of a file that grows, as they come, until `isOver` was true and what was written before has been read. A file
 * that is rotated away is read to its end, then its successor.
 */
export async function* followLines(path: string, options: FollowOptions): AsyncGenerator<string> {
  let fd: number | undefined;
  let rest = "";
  const decoder = new TextDecoder();
  const chunk = Buffer.alloc(chunkBytes);
  try {
    while (options.signal?.aborted !== true) {
      // Asked before reading: what was written up to then is still read.
      const isOver = options.isOver();
      const isRotated = fd !== undefined && isAnother(fd, path);
      fd ??= open(path);
      for (let read = readChunk(fd, chunk); read > 0; read = readChunk(fd, chunk)) {
        const lines = (rest + decoder.decode(chunk.subarray(0, read), { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        yield* lines;
      }
      if (isRotated && fd !== undefined) {
        closeSync(fd);
        fd = undefined;
      } else if (isOver) {
        return;
      } else {
        options.caughtUp?.();
        await sleep(pollMilliseconds, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {});
      }
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

function readChunk(fd: number | undefined, chunk: Buffer): number {
  return fd === undefined ? 0 : readSync(fd, chunk);
}

function isAnother(fd: number, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino !== fstatSync(fd).ino;
}
