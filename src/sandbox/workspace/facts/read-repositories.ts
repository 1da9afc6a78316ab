import { dirname, join, relative } from "node:path";
import { guardFailure } from "../errors.ts";
import { stampActingParts } from "../git/acting-parts.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardNote } from "../guard-plan.ts";
import { collectGitDirs, type WorkingRepository } from "./collect-git-dirs.ts";
import { findRepositories, isGitDir } from "./find-repositories.ts";
import type { GitDirFacts } from "./workspace-facts.ts";

/** All the git directories that a workspace uses. */
export interface Repositories {
  readonly working: readonly WorkingRepository[];
  readonly gitDirs: readonly GitDirFacts[];
  /** `.git` files, which must go on pointing where they point, and `.git` folders in which git sees nothing. */
  readonly gitFiles: readonly string[];
  readonly known: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly searchedAll: boolean;
  readonly notes: readonly GuardNote[];
}

/**
 * Finds the git directories of a workspace: its own, where it is a linked working tree or submodule too, and nested ones.
 * `isPlaceholder` tells an empty `.git` that another sandbox made.
 */
export async function readRepositories(
  host: GuardHost,
  dir: string,
  isPlaceholder: (path: string) => boolean,
): Promise<Repositories> {
  const collector = collectGitDirs(host, dir);
  const { found, searchedAll } = findRepositories(host, dir);
  if (!searchedAll)
    collector.note(dir, "the workspace is large: repositories deep in it are looked at when the run ends");
  if (found.some(({ path }) => path === dir))
    throw guardFailure("repository_unsupported", { path: dir, reason: "it is a bare repository" });

  const top = join(dir, ".git");
  const kind = isPlaceholder(top) ? undefined : host.look(top)?.kind;
  const all = [...(kind ? [{ path: top, kind }] : []), ...found];
  const link = all.find((each) => each.kind === "link");
  if (link)
    throw guardFailure("workspace_link", { path: relative(dir, link.path), target: host.readLink(link.path) ?? "" });

  const fixed: string[] = [];
  for (const { path } of all.filter((each) => each.kind === "folder")) {
    if (isGitDir(new Set(host.list(path).map(({ name }) => name)))) await collector.addRepository(path, dirname(path));
    else {
      collector.note(path, "is no git directory: it stays as it is, and git does not work there");
      fixed.push(path);
    }
  }
  for (const { path } of all.filter((each) => each.kind === "file")) {
    await collector.addGitFile(path);
    fixed.push(path);
  }
  const gitDirs = [...collector.gitDirs.values()];
  if (kind === undefined) {
    const nothing = { names: [], shared: [], config: [], foreignWorktrees: [], hasObjectInfo: false };
    gitDirs.push({ role: "initial", path: top, ...nothing });
    const parent = findParentRepository(host, dir);
    if (parent)
      collector.note(dir, `only this folder of the repository ${parent} is the workspace: git does not see it inside`);
  }
  return {
    working: collector.working,
    gitDirs: gitDirs.sort((a, b) => (a.path < b.path ? -1 : 1)),
    gitFiles: fixed,
    known: Object.fromEntries(
      found
        .filter(({ path, kind }) => kind !== "file" && !collector.gitDirs.has(path))
        .map(({ path }) => [path, stampActingParts(host, path)]),
    ),
    searchedAll,
    notes: collector.notes,
  };
}

function findParentRepository(host: GuardHost, dir: string): string | undefined {
  for (let parent = dirname(dir); ; parent = dirname(parent)) {
    if (host.look(join(parent, ".git"))) return parent;
    if (parent === dirname(parent)) return undefined;
  }
}
