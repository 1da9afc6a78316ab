import { close, closeSync, fsync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";

/** Replaces a JSON file (0600) in one act: a reader sees the old text or the new one, also after a power cut. */
export function writeJson(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  writeSync(fd, `${JSON.stringify(value, null, 2)}\n`);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, path);
}

/** Writes a JSON file (0600) for the first time: nothing older can be lost, so its way to the disk is not waited for. */
export function writeNewJson(path: string, value: unknown): void {
  const fd = openSync(path, "w", 0o600);
  writeSync(fd, `${JSON.stringify(value, null, 2)}\n`);
  fsync(fd, () => close(fd));
}
