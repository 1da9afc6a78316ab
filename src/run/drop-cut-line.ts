import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

/** Takes away a last line that a death cut in two, so that what is added begins a line. */
export function dropCutLine(path: string): void {
  let fd: number;
  try {
    fd = openSync(path, "r+");
  } catch {
    return; // Nothing was written yet.
  }
  try {
    let end = fstatSync(fd).size;
    const byte = Buffer.alloc(1);
    while (end > 0 && readSync(fd, byte, 0, 1, end - 1) === 1 && byte[0] !== 0x0a) end -= 1;
    if (end < fstatSync(fd).size) ftruncateSync(fd, end);
  } finally {
    closeSync(fd);
  }
}
