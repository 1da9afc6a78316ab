import { basename, dirname, join } from "node:path";
import { claimsDir, othersPlaceholders } from "./claims.ts";
import { guardFailure } from "./errors.ts";
import { isWithin } from "./facts/path-within.ts";
import { followLinks, readGitPaths } from "./facts/read-protected-paths.ts";
import { readRepositories } from "./facts/read-repositories.ts";
import type { GitDirFacts, WorkspaceFacts } from "./facts/workspace-facts.ts";
import type { GuardHost } from "./guard-host.ts";
import type { GuardNote } from "./guard-plan.ts";
import { protectedNames } from "./protected-names.ts";

/** Looks at a workspace; throws a `Failure` when it is one that cannot be guarded. Changes nothing. */
export async function readWorkspaceFacts(
  host: GuardHost,
  request: {
    readonly dir: string;
    readonly home: string;
    readonly stateRoot: string;
    /** Folders whose files are run outside of any sandbox: compiled code that is kept. */
    readonly codeFolders?: readonly string[];
    /** Who the agent is, where that is not whoever owns the home. */
    readonly agentUid?: number;
    /** Files, relative to the workspace, whose content the agent does not get. */
    readonly masked?: readonly string[];
  },
): Promise<WorkspaceFacts> {
  const lookedAtMs = host.now();
  const dir = host.realPath(request.dir);
  const look = dir === undefined ? undefined : host.look(dir);
  if (dir === undefined || look?.kind !== "folder") throw guardFailure("workspace_missing", request);
  refuseTooWide(host, dir, request);
  if (foldsCase(host, dir)) throw guardFailure("workspace_folds_case", { dir });

  const stateRoot = host.realPath(request.stateRoot) ?? request.stateRoot;
  const others = othersPlaceholders(host, claimsDir(stateRoot, dir), "");
  const isPlaceholder = (path: string) => others.has(path) && host.list(path).length === 0;
  const repositories = await readRepositories(host, dir, isPlaceholder);
  const { present, hookFolders } = readGitPaths(host, dir, repositories.working);
  const names = new Set(host.list(dir).map(({ name }) => name));
  const isThere = (name: string) => names.has(name) && !isPlaceholder(join(dir, name));
  const there = protectedNames.filter(isThere).map((name) => join(dir, name));
  for (const path of there) refuseLink(host, path);
  // Seen as private copies already.
  const hidden = [...repositories.gitDirs, ...hookFolders].map(({ path }) => path);
  const masked = (request.masked ?? []).flatMap((path) => maskable(host, dir, path));
  const owner: GuardNote = {
    path: ".",
    action: "noticed",
    detail: "the workspace belongs to another user: the agent may not be able to write to it",
  };
  const fixed = [...there, ...present, ...repositories.gitFiles]
    .flatMap((path) => followLinks(host, dir, path))
    .filter((path) => !hidden.some((folder) => isWithin(path, folder)));
  return {
    dir,
    lookedAtMs,
    stateRoot,
    present: fixed.filter((path) => !masked.includes(path)),
    masked,
    inodes: readInodes(host, [
      dir,
      ...masked,
      ...fixed,
      ...hookFolders.map(({ path }) => path),
      ...partsOf(repositories.gitDirs),
    ]),
    absent: protectedNames.filter((name) => !isThere(name)).map((name) => join(dir, name)),
    hookFolders,
    gitDirs: repositories.gitDirs,
    knownGitDirs: repositories.known,
    searchedAll: repositories.searchedAll,
    notes:
      look.uid === (request.agentUid ?? host.look(request.home)?.uid ?? look.uid)
        ? repositories.notes
        : [...repositories.notes, owner],
  };
}

/** What of git directories is mounted as it is. */
const partsOf = (gitDirs: readonly GitDirFacts[]): readonly string[] =>
  gitDirs.flatMap(({ path, shared, foreignWorktrees }) => [
    path,
    ...shared.map((part) => join(path, part)),
    ...foreignWorktrees,
  ]);

/** Last of all that is read: what was found sound must still lie where it was found, behind no link. */
function readInodes(host: GuardHost, paths: readonly string[]): Readonly<Record<string, number>> {
  const inodes: Record<string, number> = {};
  for (const path of paths) {
    const look = host.look(path);
    if (look !== undefined && host.realPath(path) === path) inodes[path] = look.ino;
  }
  return inodes;
}

/** A folder that holds the person's home or our own state would hand both to the agent. */
function refuseTooWide(
  host: GuardHost,
  dir: string,
  {
    home,
    stateRoot,
    codeFolders = [],
  }: { readonly home: string; readonly stateRoot: string; readonly codeFolders?: readonly string[] },
): void {
  // What is not there yet would be made behind the links on its way.
  const real = (path: string): string => {
    if (path === dirname(path)) return path;
    return host.realPath(path) ?? join(real(dirname(path)), basename(path));
  };
  const meets = (path: string) => isWithin(dir, real(path)) || isWithin(real(path), dir);
  const refuse = (reason: string) => guardFailure("workspace_too_wide", { dir, reason });
  if (dir === "/") throw refuse("it is the whole file system");
  if (isWithin(real(home), dir)) throw refuse("it is your home folder, or holds it");
  if (meets(stateRoot)) throw refuse("Caisson's own state lies there");
  const code = codeFolders.find(meets);
  if (code !== undefined) throw refuse(`compiled code that Caisson runs is kept there (${code})`);
}

/** On a file system that folds case, `.GIT` would be another way into `.git`, past what is mounted there. */
function foldsCase(host: GuardHost, dir: string): boolean {
  const name = basename(dir);
  const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
  if (other === name) return false;
  const [own, swapped] = [host.look(dir), host.look(join(dirname(dir), other))];
  return own !== undefined && swapped !== undefined && own.ino === swapped.ino && own.dev === swapped.dev;
}

/** A file that is gone since it was looked at needs no mask; what is no file any more was swapped meanwhile. */
function maskable(host: GuardHost, dir: string, path: string): readonly string[] {
  const full = join(dir, path);
  const look = host.look(full);
  if (look === undefined) return [];
  if (look.kind !== "file" || host.realPath(full) !== full) throw guardFailure("guard_not_in_place", { path });
  return [full];
}

function refuseLink(host: GuardHost, path: string): void {
  const target = host.readLink(path);
  if (target !== undefined) throw guardFailure("workspace_link", { path: basename(path), target });
}
