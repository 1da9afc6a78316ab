import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { LaunchPlan } from "../spec/engine.ts";
import { sandboxFailure } from "./errors.ts";
import { runFolderInside, sandboxFolders } from "./sandbox-folders.ts";

/**
 * Writes files where the sandbox sees them: in its home or in /run/caisson. For the time before the first command only:
 * afterwards the agent could put a link in the way. They are ours, or the owner's where the agent is another user.
 */
export function writePlanFiles(plan: Pick<LaunchPlan, "stateDir" | "home" | "files">, owner?: FileOwner): void {
  for (const { path, text, encoding, mode } of plan.files) {
    const outside = placeOutside(plan, path);
    const made = mkdirSync(dirname(outside), { recursive: true, mode: 0o700 });
    for (let dir = dirname(outside); made !== undefined && dir.startsWith(made); dir = dirname(dir)) give(dir, owner);
    // In place, never by rename: the trust bundle is mounted by its inode.
    writeFileSync(outside, text, { mode, encoding: encoding ?? "utf8" });
    chmodSync(outside, mode);
    give(outside, owner);
  }
}

/** Who a file is to belong to. Only root can give files away. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Gives a file or folder to its owner, unless it has it. */
export function give(path: string, owner: FileOwner | undefined): void {
  if (owner !== undefined && owner.uid !== process.getuid?.()) chownSync(path, owner.uid, owner.gid);
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
