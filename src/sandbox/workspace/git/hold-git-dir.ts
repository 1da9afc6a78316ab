import type { GuardHost, HeldFolder } from "../guard-host.ts";
import type { GuardedGitDir } from "../guard-plan.ts";

/** A guarded git directory that is held open: `at` is where to act, `path` what to call it. */
export interface HeldGitDir extends GuardedGitDir, Disposable {
  readonly at: string;
}

/** Holds the very git directory that was looked at before the launch; undefined when another one, or none, is there. */
export function holdGitDir(host: GuardHost, unit: GuardedGitDir): HeldGitDir | undefined {
  const folder = holdExact(host, unit.path, unit.ino);
  return folder && { ...unit, at: folder.path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Holds a folder if it is still the same one. */
export function holdExact(host: GuardHost, path: string, ino: number | undefined): HeldFolder | undefined {
  const folder = host.holdFolder("/", path.split("/").slice(1));
  if (folder === undefined || folder.ino === ino) return folder;
  folder[Symbol.dispose]();
  return undefined;
}
