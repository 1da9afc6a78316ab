import { basename, dirname, join, relative } from "node:path";
import { claimsDir } from "./claims.ts";
import { isWithin } from "./facts/path-within.ts";
import type { GitDirFacts, WorkspaceFacts } from "./facts/workspace-facts.ts";
import { digestValues, groupValues } from "./git/config-entry.ts";
import { seedConfig } from "./git/seed-config.ts";
import type { GuardedGitDir, GuardMount, GuardPlan } from "./guard-plan.ts";

/** The clock of file systems ticks this much behind the other one, at most. */
const clockLagMs = 20;

/** The empty file, in the guard's folder, that lies over each masked one. */
export const maskName = "masked";

const underWay = ["rebase-merge", "rebase-apply", "sequencer"];

/** A path as a line of an exclude file that stands for it alone; git has no line for a name with a line break. */
export const excludeLine = (path: string): string =>
  `/${path
    .replace(/[\\*?[\]!#]/g, "\\$&")
    .replace(/ $/, "\\ ")
    .replace(/[\r\n]/g, "?")}`;

/** Decides how a workspace is guarded. Pure: mounts come in the order in which they must be made, parents first. */
export function planGuard(facts: WorkspaceFacts, guardDir: string): GuardPlan {
  const { dir } = facts;
  const absent = [...facts.absent, ...facts.hookFolders.filter(({ there }) => !there).map(({ path }) => path)];
  const excludes = absent.map((path) => `/${relative(dir, path)}/`);
  const gitDirs = facts.gitDirs.map((gitDir, index) =>
    planGitDir(gitDir, facts, join(guardDir, "git", `${index}`, "copy"), excludes),
  );
  const shadows = facts.hookFolders.map(({ path }, index) => ({
    path,
    privateDir: join(guardDir, "shadow", `${index}`),
  }));
  const initial = facts.gitDirs.filter(({ role }) => role === "initial").map(({ path }) => path);
  const masks = facts.masked.map(
    (path): GuardMount => ({ kind: "ro-bind", source: join(guardDir, maskName), target: path }),
  );
  const objectInfo = facts.gitDirs.filter(({ shared, hasObjectInfo }) => shared.includes("objects") && !hasObjectInfo);
  const readOnly = [
    ...facts.present.map((path): GuardMount => ({ kind: "ro-bind", source: path, target: path })),
    ...facts.absent.map((path): GuardMount => ({ kind: "ro-bind", source: join(guardDir, "empty"), target: path })),
  ];
  const own = shadows.map(({ path, privateDir }): GuardMount => ({ kind: "bind", source: privateDir, target: path }));
  const git = gitDirs.flatMap((unit, index) => mountGitDir(unit, facts.gitDirs[index]?.foreignWorktrees ?? []));
  return {
    version: 1,
    workspace: dir,
    ino: facts.inodes[dir] ?? 0,
    guardDir,
    sinceMs: facts.lookedAtMs - clockLagMs,
    claim: join(claimsDir(facts.stateRoot, dir), basename(dirname(guardDir))),
    mounts: orderMounts(dir, [...readOnly, ...own, ...git], masks).map((mount) => {
      const ino = facts.inodes[mount.source];
      return ino === undefined ? mount : { ...mount, ino };
    }),
    masked: Object.fromEntries(facts.masked.map((path) => [path, facts.inodes[path] ?? 0])),
    placeholders: [...absent, ...initial, ...objectInfo.map(({ path }) => join(path, "objects", "info"))].sort(),
    gitDirs,
    shadows,
    knownGitDirs: facts.knownGitDirs,
    searchedAll: facts.searchedAll,
    notes: facts.notes,
  };
}

function planGitDir(
  facts: GitDirFacts,
  workspace: WorkspaceFacts,
  privateDir: string,
  excludes: readonly string[],
): GuardedGitDir {
  const masked = maskedIn(facts, workspace);
  const inside = workspace.gitDirs.filter(({ path }) => path !== facts.path && isWithin(path, facts.path));
  const ofWorkspace = facts.path === join(workspace.dir, ".git") || facts.role === "common";
  const format = facts.config.findLast(({ key }) => key === "extensions.objectformat")?.value;
  return {
    role: facts.role,
    path: facts.path,
    ino: workspace.inodes[facts.path] ?? 0,
    privateDir,
    folders: [
      ...facts.shared,
      ...[...inside.map(({ path }) => path), ...facts.foreignWorktrees].map((path) => relative(facts.path, path)),
    ],
    shared: facts.shared,
    excludes: [...(ofWorkspace && facts.role !== "initial" ? excludes : []), ...maskExcludes(facts, workspace)],
    ...(masked.length > 0 && { masked }),
    seedConfig: seedConfig(facts.config),
    ...(facts.worktreeConfig && { seedWorktreeConfig: seedConfig(facts.worktreeConfig) }),
    launchConfig: Object.fromEntries(
      [...groupValues(facts.config)].map(([key, values]) => [digestValues([key]), digestValues(values)]),
    ),
    objectFormat: format === "sha256" ? "sha256" : "sha1",
    underWay: underWay.filter((name) => facts.names.includes(name)),
    ...(facts.shared.includes("objects") && { objectInfo: join(privateDir, "..", "object-info") }),
  };
}

/** Masked paths of a repository's own working tree, not of one that lies in it. */
function maskedIn({ workTree }: GitDirFacts, { gitDirs, masked }: WorkspaceFacts): readonly string[] {
  if (workTree === undefined) return [];
  const isDeeper = (other: string | undefined) =>
    other !== undefined && other !== workTree && isWithin(other, workTree);
  const inner = gitDirs.map((other) => other.workTree).filter(isDeeper);
  return masked
    .filter((path) => isWithin(path, workTree) && !inner.some((tree) => tree !== undefined && isWithin(path, tree)))
    .map((path) => relative(workTree, path));
}

/** So that `git add .` inside adds no emptied file; a linked working tree's lie in what all of them share. */
function maskExcludes(facts: GitDirFacts, workspace: WorkspaceFacts): readonly string[] {
  if (facts.role !== "repository" && facts.role !== "common") return [];
  const trees = workspace.gitDirs.filter(
    ({ path, role }) => path === facts.path || (role === "worktree" && isWithin(path, join(facts.path, "worktrees"))),
  );
  return trees.flatMap((tree) => maskedIn(tree, workspace)).map(excludeLine);
}

function mountGitDir(unit: GuardedGitDir, foreignWorktrees: readonly string[]): readonly GuardMount[] {
  const at = (part: string) => join(unit.path, part);
  return [
    { kind: "bind", source: unit.privateDir, target: unit.path },
    ...unit.shared.map((part): GuardMount => ({ kind: "bind", source: at(part), target: at(part) })),
    ...(unit.objectInfo ? [{ kind: "bind" as const, source: unit.objectInfo, target: at("objects/info") }] : []),
    ...foreignWorktrees.map((path): GuardMount => ({ kind: "ro-bind", source: path, target: path })),
  ];
}

/**
 * The workspace, then the covers, and every folder between them and the workspace mounted on itself: a folder that is
 * no mount point could be moved away together with what is mounted in it. Below what is read-only nothing is needed.
 */
function orderMounts(workspace: string, covers: readonly GuardMount[], masks: readonly GuardMount[]): GuardMount[] {
  const sealed = covers.filter(({ kind }) => kind === "ro-bind").map(({ target }) => target);
  const outer = covers.filter(({ target }) => !sealed.some((path) => path !== target && isWithin(target, path)));
  // What is masked is hidden, too, where it lies in a folder that is only kept from being changed.
  const needed = [...outer, ...masks];
  const mounts = new Map(needed.map((cover) => [cover.target, cover]));
  const opaque = outer.map(({ target }) => target);
  for (const { target } of needed) {
    for (let dir = dirname(target); isWithin(dir, workspace) && dir !== workspace; dir = dirname(dir))
      if (!opaque.some((path) => isWithin(dir, path))) mounts.set(dir, { kind: "bind", source: dir, target: dir });
  }
  const below = [...mounts.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
  return [{ kind: "bind", source: workspace, target: workspace }, ...below];
}
