import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";
import type { HeldGitDir } from "./hold-git-dir.ts";

/** What each reflog of the host looked like when it was copied: tells later whether the person's git wrote to it. */
export type ReflogStamps = Readonly<Record<string, string>>;

const stampsPath = (unit: HeldGitDir) => join(unit.privateDir, "..", "logs.json");

/** Files below a folder, as paths relative to it. Links are not followed. */
export function listFiles(host: GuardHost, folder: string, within = "", limit = 10_000): readonly string[] {
  const found: string[] = [];
  for (const { name, kind } of host.list(join(folder, within))) {
    const path = join(within, name);
    if (kind === "file") found.push(path);
    if (kind === "folder") found.push(...listFiles(host, folder, path, limit - found.length));
    if (found.length >= limit) break;
  }
  return found;
}

/** The stamp of one reflog as it is now; undefined when there is none. */
export function stampReflog(host: GuardHost, unit: HeldGitDir, path: string): string | undefined {
  const look = host.look(join(unit.at, "logs", path));
  return look && `${look.ino}:${look.size}:${look.ctimeMs}`;
}

/** Notes the stamps of the reflogs that the copy holds. */
export function saveReflogStamps(host: GuardHost, unit: HeldGitDir): void {
  const stamps = listFiles(host, join(unit.privateDir, "logs")).map((path) => [path, stampReflog(host, unit, path)]);
  host.writeFile(stampsPath(unit), JSON.stringify(Object.fromEntries(stamps)), { mode: 0o600 });
}

/** The stamps as noted. */
export const loadReflogStamps = (host: GuardHost, unit: HeldGitDir): ReflogStamps =>
  JSON.parse(host.readOwn(stampsPath(unit))?.toString() ?? "{}") as ReflogStamps;
