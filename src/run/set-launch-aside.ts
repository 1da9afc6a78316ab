import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { statePaths } from "../sandbox/state-paths.ts";

/**
 * Puts the journal and the guard's folder of the launch before where they stay as they are: the next launch begins its own. All
 * of that launch is undone. Cut off anywhere, what is left is put aside by whoever resumes next.
 */
export function setLaunchAside(paths: ReturnType<typeof statePaths>): void {
  mkdirSync(paths.launches, { recursive: true, mode: 0o700 });
  const aside = join(paths.launches, String(readdirSync(paths.launches).length + 1));
  mkdirSync(aside, { mode: 0o700 });
  for (const [from, name] of [
    [paths.journal, "journal.jsonl"],
    [join(paths.dir, "guard"), "guard"],
  ] as const)
    if (existsSync(from)) renameSync(from, join(aside, name));
}
