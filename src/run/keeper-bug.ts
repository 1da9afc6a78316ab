import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { statePaths } from "../sandbox/state-paths.ts";

/** Writes down a bug of the keeper's own where `caisson logs` looks. */
export function writeKeeperBug(stateRoot: string, slug: string | undefined, error: Error): void {
  const file = slug === undefined ? join(stateRoot, "bug.log") : statePaths(stateRoot, slug).keeperLog;
  try {
    mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
    appendFileSync(file, `${new Date().toISOString()} ${error.stack ?? error.message}\n`, { mode: 0o600 });
  } catch {
    // Nowhere to write to: the process ends and the next start sees that.
  }
}
