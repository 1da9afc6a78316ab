import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { writeWhole } from "../../write-whole.ts";

/** Makes a folder that is its person's alone. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/**
 * Replaces a file (0600) in one act that outlives a power cut: a reader sees the old text or the new one, never a part. Only
 * under the lock of whoever may write it.
 */
export function writePrivate(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  // What a death left of an earlier one; made anew, so that its mode is ours.
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, "wx", 0o600);
  try {
    writeWhole(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Removes a file so that it stays removed. */
export function removePrivate(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}.tmp`, { force: true });
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
