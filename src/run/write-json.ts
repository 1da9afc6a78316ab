import { close, closeSync, fsync, fsyncSync, openSync, renameSync } from "node:fs";
import { writeWhole } from "../host/write-whole.ts";

/** Replaces a JSON file (0600) in one act: a reader sees the old text or the new one, also after a power cut. */
export function writeJson(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  writeWhole(fd, `${JSON.stringify(value, null, 2)}\n`);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, path);
}

/**
 * Writes a JSON file (0600) for the first time: whole or not at all for whoever reads it, also after our death. Nothing older can be
 * lost in a power cut, so its way to the disk is not waited for.
 */
export function writeNewJson(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  writeWhole(fd, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(temporary, path);
  fsync(fd, () => close(fd));
}
