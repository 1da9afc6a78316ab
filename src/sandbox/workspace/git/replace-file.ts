import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";

/** A file that git also writes, and where its new version waits: on the same file system, out of an agent's reach. */
export interface ReplacedFile {
  readonly folder: string;
  readonly name: string;
  readonly scratch: string;
  /** Tells our waiting files from those of others: the sandbox's slug. */
  readonly tag: string;
}

/** What it is replaced with; undefined removes it. */
export type NewVersion = { readonly bytes: Uint8Array; readonly mtimeMs?: number } | undefined;

/** `locked`: a git is at it; `changed`: it is not what the caller decided upon. Both are worth another try. */
export type Replacement = "replaced" | "locked" | "changed";

const waitingPrefix = (tag: string) => `caisson-${tag}.`;

/**
 * Replaces a file by git's own protocol: take `<name>.lock`, look again, rename. The lock is a second name of a file of
 * ours, so that after a death it can be told from a lock of git.
 */
export function replaceFile(
  host: GuardHost,
  file: ReplacedFile,
  version: NewVersion,
  isExpected: () => boolean,
): Replacement {
  const target = join(file.folder, file.name);
  const lock = `${target}.lock`;
  const waiting = join(file.scratch, `${waitingPrefix(file.tag)}${file.name}`);
  const old = host.look(target);
  if (old !== undefined && old.kind === "folder") return "changed";
  host.removeFile(waiting);
  host.writeFile(waiting, version?.bytes ?? "", {
    mode: old?.kind === "file" ? old.mode & 0o666 : 0o644,
    ...(version?.mtimeMs !== undefined && { mtimeMs: version.mtimeMs }),
  });
  if (!host.linkFile(waiting, lock)) {
    host.removeFile(waiting);
    return "locked";
  }
  const expected = isExpected();
  if (expected && version) host.move(lock, target);
  else {
    if (expected) host.removeFile(target);
    host.removeFile(lock);
  }
  host.removeFile(waiting);
  return expected ? "replaced" : "changed";
}

/** After a death: removes the locks that are ours, and the files that waited. */
export function clearWaiting(host: GuardHost, folder: string, tag: string): void {
  for (const { name } of host.list(folder)) {
    if (!name.startsWith(waitingPrefix(tag))) continue;
    const waiting = join(folder, name);
    const lock = join(folder, `${name.slice(waitingPrefix(tag).length)}.lock`);
    const [ours, theirs] = [host.look(waiting), host.look(lock)];
    if (ours && theirs && ours.ino === theirs.ino && ours.dev === theirs.dev) host.removeFile(lock);
    host.removeFile(waiting);
  }
}
