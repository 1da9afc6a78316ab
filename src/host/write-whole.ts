import { fstatSync, ftruncateSync, writeSync } from "node:fs";

/**
 * Writes at the end of a file that nobody else writes to: all of it or, where the system refuses (a full disk), nothing. Throws
 * what the system said. A bare `writeSync` may write a part and say no more than how much.
 */
export function writeWhole(fd: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(fd, bytes, done);
  } catch (error) {
    if (done > 0) ftruncateSync(fd, fstatSync(fd).size - done);
    throw error;
  }
}
