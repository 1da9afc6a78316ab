import { dirname, relative, resolve } from "node:path";
import { guardFailure } from "../errors.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardNote } from "../guard-plan.ts";
import { isGitDir } from "./find-repositories.ts";
import { isWithin } from "./path-within.ts";
import { listModules, listWorktrees, readGitDir, readGitFile, readPathFile } from "./read-git-dir.ts";
import type { GitDirFacts } from "./workspace-facts.ts";

/** More git directories than this are not guarded one by one; what happened to them is seen when the run ends. */
const maxGitDirs = 48;

/** A repository with a working tree that it is for. */
export interface WorkingRepository {
  readonly gitDir: GitDirFacts;
  readonly workTree: string;
}

/** Gathers git directories, each once. */
export interface GitDirCollector {
  readonly gitDirs: ReadonlyMap<string, GitDirFacts>;
  readonly working: readonly WorkingRepository[];
  readonly notes: readonly GuardNote[];
  note(path: string, detail: string): void;
  /** A repository with its submodules and its linked working trees. */
  addRepository(path: string, workTree?: string): Promise<void>;
  /** What a `.git` file points to, if it may be opened. */
  addGitFile(file: string): Promise<void>;
}

/** Starts gathering the git directories of a workspace. */
export function collectGitDirs(host: GuardHost, dir: string): GitDirCollector {
  const gitDirs = new Map<string, GitDirFacts>();
  const working: WorkingRepository[] = [];
  const notes: GuardNote[] = [];
  const note = (path: string, detail: string) =>
    void notes.push({ path: isWithin(path, dir) ? relative(dir, path) || "." : path, action: "noticed", detail });
  const unguarded = "too many repositories here: this one is not guarded while the run lasts";

  // They could name any repository of the person's: opening them is not for the workspace to ask.
  const noteAlternates = ({ path, alternates = "" }: GitDirFacts) => {
    const outside = alternates
      .split("\n")
      .filter((line) => /^[^#]/.test(line) && !isWithin(resolve(path, "objects", line), dir));
    if (outside.length > 0)
      note(path, `borrows objects from ${outside.join(", ")}, which is not mounted: add it as a mount of the policy`);
  };

  const addRepository = async (path: string, workTree?: string): Promise<void> => {
    if (gitDirs.has(path)) return;
    if (gitDirs.size >= maxGitDirs) return note(path, unguarded);
    const worktrees = listWorktrees(host, path);
    const foreignWorktrees = worktrees.filter(({ gitFile }) => !gitFile || !isWithin(gitFile, dir)).map((w) => w.path);
    const found = { ...(await readGitDir(host, path, "repository")), foreignWorktrees };
    const gitDir = { ...found, workTree: workTree ?? workTreeOf(host, found) };
    gitDirs.set(path, gitDir);
    working.push({ gitDir, workTree: gitDir.workTree });
    noteAlternates(gitDir);
    for (const linked of worktrees) {
      if (foreignWorktrees.includes(linked.path) || !linked.gitFile) continue;
      const linkedTree = dirname(linked.gitFile);
      gitDirs.set(linked.path, { ...(await readGitDir(host, linked.path, "worktree")), workTree: linkedTree });
      working.push({ gitDir, workTree: linkedTree });
    }
    for (const module of listModules(host, path)) await addRepository(module);
  };

  const addLinked = async (path: string, common: string): Promise<void> => {
    const foreignWorktrees = listWorktrees(host, common).flatMap((other) => (other.path === path ? [] : [other.path]));
    const gitDir = { ...(await readGitDir(host, common, "common")), foreignWorktrees };
    gitDirs.set(common, gitDir);
    noteAlternates(gitDir);
    gitDirs.set(path, { ...(await readGitDir(host, path, "worktree")), workTree: dir });
    working.push({ gitDir, workTree: dir });
    for (const module of listModules(host, path)) await addRepository(module);
  };

  const addGitFile = async (file: string): Promise<void> => {
    const path = readGitFile(host, file);
    if (path !== undefined && gitDirs.has(path)) return;
    if (path === undefined || !isGitDir(new Set(host.list(path).map(({ name }) => name))))
      return note(file, "points to no git directory: git does not work there");
    if (isWithin(dir, path))
      throw guardFailure("repository_unsupported", { path, reason: "the workspace lies in its git directory" });
    const common = readPathFile(host, path, "commondir");
    if (common === undefined) {
      if (isWithin(path, dir)) return addRepository(path, dirname(file));
      if (workTreeOf(host, await readGitDir(host, path, "repository")) === dirname(file)) return addRepository(path);
    } else if (dirname(file) === dir && !isWithin(dir, common)) {
      // Git notes the way back in the repository: without it, a `.git` file could open any repository of the person's.
      const pointsBack = dirname(dirname(path)) === common && readPathFile(host, path, "gitdir") === file;
      if (pointsBack) return addLinked(path, common);
    }
    note(file, "points to a repository outside that does not point back: git does not work there inside");
  };

  return { gitDirs, working, notes, note, addRepository, addGitFile };
}

function workTreeOf(host: GuardHost, gitDir: GitDirFacts): string {
  const value = gitDir.config.findLast(({ key }) => key === "core.worktree")?.value;
  return (value !== undefined && host.realPath(resolve(gitDir.path, value))) || gitDir.path;
}
