import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";

/** Parts of a git directory by which it acts: what git runs, or where it is told what to run. */
const parts = [
  "config",
  "config.worktree",
  "commondir",
  "rebase-merge",
  "rebase-apply",
  "sequencer",
  "objects/info/alternates",
];

/** Acting parts that a git directory has, each hook by itself, as paths from its top. */
export function listActingParts(host: GuardHost, gitDir: string): readonly string[] {
  const hooks = host.list(join(gitDir, "hooks")).filter(({ name }) => !/\.(sample|disarmed-by-caisson)$/.test(name));
  const isLink = host.look(join(gitDir, "hooks"))?.kind === "link";
  const there = parts.filter((part) => host.look(join(gitDir, part)) !== undefined);
  return [...there, ...hooks.map(({ name }) => join("hooks", name)), ...(isLink ? ["hooks"] : [])];
}

/** A stamp of each acting part, which changes when the part is changed or replaced. */
export function stampActingParts(host: GuardHost, gitDir: string): Readonly<Record<string, string>> {
  return Object.fromEntries(listActingParts(host, gitDir).map((part) => [part, stampPart(host, join(gitDir, part))]));
}

/** The stamp of one path. */
export function stampPart(host: GuardHost, path: string): string {
  const look = host.look(path);
  return look === undefined ? "absent" : `${look.ino}:${look.size}:${look.ctimeMs}`;
}
