import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, sep } from "node:path";
import { Failure } from "../../base/failure.ts";
import { writeWhole } from "../../host/write-whole.ts";
import { cliFailure } from "../errors.ts";

/** A file's text, or another where there is none. */
export function readTextOr(file: string, other: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const problem = (cause as NodeJS.ErrnoException).code ?? "";
    if (problem === "ENOENT") return other;
    throw cliFailure("file_unwritable", { file, problem }, { cause });
  }
}

/**
 * Replaces a file of the person's in one act; where it is a link, what it leads to. Its mode stays. Within `workspace`, which
 * agents write to, no link leads out.
 */
export function replaceText(file: string, text: string, workspace?: string): void {
  try {
    if (workspace !== undefined && leadsOut(file, workspace))
      throw cliFailure("file_unwritable", { file, problem: "it leads out of the workspace by a link" });
    mkdirSync(dirname(file), { recursive: true });
    const target = realOr(file);
    const mode = statSync(target, { throwIfNoEntry: false })?.mode ?? 0o600;
    const waiting = `${target}.${process.pid}.tmp`;
    rmSync(waiting, { force: true });
    // Made anew: through no link that lies in wait there.
    const fd = openSync(waiting, "wx", 0o600);
    writeWhole(fd, text);
    fsyncSync(fd);
    closeSync(fd);
    chmodSync(waiting, mode & 0o777);
    renameSync(waiting, target);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const problem = (cause as NodeJS.ErrnoException).code ?? "";
    throw cliFailure("file_unwritable", { file, problem }, { cause });
  }
}

/** Whether a path of a folder really lies elsewhere, or nobody knows where: a link to where there is nothing yet. */
function leadsOut(file: string, folder: string): boolean {
  const isIn = (path: string) => path === folder || path.startsWith(`${folder}${sep}`);
  if (!isIn(file)) return false;
  for (let path = file; isIn(path); path = dirname(path)) {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
    try {
      return !isIn(realpathSync(path));
    } catch {
      return true;
    }
  }
  return true;
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
