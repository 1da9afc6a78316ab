import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { LaunchPlan } from "../spec/engine.ts";
import { sandboxFailure } from "./errors.ts";
import { runFolderInside, sandboxFolders } from "./sandbox-folders.ts";

/**
 * Writes files where the sandbox sees them: in its home or in /run/caisson. For the time before the first command only:
 * afterwards the agent could put a link in the way.
 */
export function writePlanFiles(plan: Pick<LaunchPlan, "stateDir" | "home" | "files">): void {
  for (const { path, text, encoding, mode } of plan.files) {
    const outside = placeOutside(plan, path);
    mkdirSync(dirname(outside), { recursive: true, mode: 0o700 });
    // In place, never by rename: the trust bundle is mounted by its inode.
    writeFileSync(outside, text, { mode, encoding: encoding ?? "utf8" });
    chmodSync(outside, mode);
  }
}

function placeOutside(plan: Pick<LaunchPlan, "stateDir" | "home">, path: string): string {
  const folders = sandboxFolders(plan.stateDir);
  const clean = normalize(path);
  for (const [inside, outside] of [
    [runFolderInside, folders.run],
    [normalize(plan.home), folders.home],
  ] as const) {
    if (clean.startsWith(`${inside}/`)) return join(outside, clean.slice(inside.length));
  }
  throw sandboxFailure("sandbox_file_outside", { path });
}
