import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { cliFailure } from "../errors.ts";

/** A file's text, or another where there is none. */
export function readTextOr(file: string, other: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return other;
  }
}

/** Replaces a file of the person's in one act; where it is a link, what it leads to. Its mode stays. */
export function replaceText(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const target = realOr(file);
    const mode = statSync(target, { throwIfNoEntry: false })?.mode ?? 0o600;
    const waiting = `${target}.${process.pid}.tmp`;
    const fd = openSync(waiting, "w", 0o600);
    writeSync(fd, text);
    fsyncSync(fd);
    closeSync(fd);
    chmodSync(waiting, mode & 0o777);
    renameSync(waiting, target);
  } catch (cause) {
    const problem = (cause as NodeJS.ErrnoException).code ?? "";
    throw cliFailure("file_unwritable", { file, problem }, { cause });
  }
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
