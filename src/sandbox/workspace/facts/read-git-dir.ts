import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { guardFailure } from "../errors.ts";
import type { ConfigEntry } from "../git/config-entry.ts";
import { listConfig } from "../git/list-config.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GitDirRole } from "../guard-plan.ts";
import { isGitDir } from "./find-repositories.ts";
import type { GitDirFacts } from "./workspace-facts.ts";

const maxConfigBytes = 1024 * 1024;
const maxModules = 64;

/** Parts that hold data alone and are shared with the host while the run lasts. */
const sharedParts = ["objects", "refs", "lfs/objects"] as const;
/** What must not be a link: it would be mounted or mirrored from wherever that leads. */
const plainParts = ["HEAD", "config", "index", "packed-refs", "objects", "refs", "logs", "lfs", "modules", "worktrees"];

/** Reads one git directory; refuses one that is laid out so that it cannot be guarded. */
export async function readGitDir(host: GuardHost, path: string, role: GitDirRole): Promise<GitDirFacts> {
  const entries = host.list(path);
  const names = entries.map(({ name }) => name);
  const refuse = (reason: string) => guardFailure("repository_unsupported", { path, reason });
  const link = entries.find(({ name, kind }) => kind === "link" && plainParts.includes(name));
  if (link) throw refuse(`${link.name} is a link`);
  const shared =
    role === "worktree" ? [] : sharedParts.filter((part) => host.look(join(path, part))?.kind === "folder");
  const config = role === "worktree" ? [] : await readConfig(host, path, "config");
  const worktreeConfig = names.includes("config.worktree") ? await readConfig(host, path, "config.worktree") : [];
  if (config === undefined || worktreeConfig === undefined) throw refuse("git cannot read its configuration");
  const info = role === "worktree" ? "none" : (host.look(join(path, "objects", "info"))?.kind ?? "absent");
  if (info === "link") throw refuse("objects/info is a link");
  const alternates = host.readUntrusted(path, ["objects", "info", "alternates"], 65_536);
  return {
    role,
    path,
    names,
    shared,
    config,
    ...(worktreeConfig.length > 0 && { worktreeConfig }),
    foreignWorktrees: [],
    hasObjectInfo: info === "folder",
    ...(alternates.is === "file" && { alternates: alternates.bytes.toString() }),
  };
}

async function readConfig(host: GuardHost, path: string, name: string): Promise<readonly ConfigEntry[] | undefined> {
  const file = host.readUntrusted(path, [name], maxConfigBytes);
  if (file.is === "refused") return undefined;
  return file.is === "absent" ? [] : listConfig(host, file.bytes);
}

/** Linked working trees of a repository: where each one's git directory is, and where its `.git` file is said to be. */
export function listWorktrees(
  host: GuardHost,
  commonDir: string,
): readonly { readonly path: string; readonly gitFile: string | undefined }[] {
  return host
    .list(join(commonDir, "worktrees"))
    .filter(({ kind }) => kind === "folder")
    .map(({ name }) => {
      const path = join(commonDir, "worktrees", name);
      return { path, gitFile: readPathFile(host, path, "gitdir") };
    });
}

/** Git directories of submodules, those of submodules of submodules included. */
export function listModules(host: GuardHost, gitDir: string): readonly string[] {
  const found: string[] = [];
  const visit = (folder: string, depth: number) => {
    for (const { name, kind } of host.list(folder)) {
      if (kind !== "folder" || found.length >= maxModules || depth > 6) continue;
      const path = join(folder, name);
      // A module's name may hold slashes: what is not a git directory may hold some.
      if (!isGitDir(new Set(host.list(path).map((entry) => entry.name)))) visit(path, depth + 1);
      else {
        found.push(path);
        visit(join(path, "modules"), depth + 1);
      }
    }
  };
  visit(join(gitDir, "modules"), 0);
  return found;
}

/** Where a `.git` file points to, without links; undefined when that is not there. */
export function readGitFile(host: GuardHost, path: string): string | undefined {
  const file = host.readUntrusted(dirname(path), [basename(path)], 4096);
  const match = file.is === "file" ? /^gitdir: ([^\n]+)\n?$/.exec(file.bytes.toString()) : null;
  return match?.[1] === undefined ? undefined : host.realPath(resolve(dirname(path), match[1]));
}

/** The path that a file like `commondir` or `gitdir` holds, made absolute and, where it exists, without links. */
export function readPathFile(host: GuardHost, gitDir: string, name: string): string | undefined {
  const file = host.readUntrusted(gitDir, [name], 4096);
  const text = file.is === "file" ? file.bytes.toString().trimEnd() : "";
  if (text === "" || text.includes("\n")) return undefined;
  const path = isAbsolute(text) ? text : resolve(gitDir, text);
  const folder = host.realPath(dirname(path));
  return host.realPath(path) ?? (folder && join(folder, basename(path)));
}
