import type { ConfigEntry } from "./git/config-entry.ts";

/** One mount of the guard, in the order in which it is made: a later one lies over an earlier one. */
export interface GuardMount {
  readonly kind: "bind" | "ro-bind";
  readonly source: string;
  readonly target: string;
  /** Inode of what was looked at before; without it the source is ours. */
  readonly ino?: number;
}

/** Something the person should know of their workspace; becomes a `workspace_guarded` event. */
export interface GuardNote {
  /** Path relative to the workspace where it lies in it, else absolute. */
  readonly path: string;
  readonly action: "noticed" | "kept" | "dropped" | "disarmed";
  readonly detail: string;
}

/**
 * What a git directory is to the workspace: a whole repository; what the working trees of one share, when the workspace is
 * one of those; the part that belongs to such a working tree; or a place where a repository may come to be.
 */
export type GitDirRole = "repository" | "common" | "worktree" | "initial";

/** A git directory of which the agent sees a private copy, with the real objects and refs mounted into it. */
export interface GuardedGitDir {
  readonly role: GitDirRole;
  readonly path: string;
  /** Its inode: another folder that takes its place is not taken for it. */
  readonly ino: number;
  /** The copy; beside it lies what the guard remembers of it. */
  readonly privateDir: string;
  /** Folders made in the copy, as places to mount on. */
  readonly folders: readonly string[];
  /** Parts of the real one that are mounted into the copy. */
  readonly shared: readonly string[];
  /** Lines for `info/exclude`. */
  readonly excludes: readonly string[];
  /** Paths of its working tree that are masked: in the copy's index they are marked as not to be looked at. */
  readonly masked?: readonly string[];
  readonly seedConfig: readonly ConfigEntry[];
  readonly seedWorktreeConfig?: readonly ConfigEntry[];
  /** Digests of the keys at launch and of their values: tell whether the person changed one since, and hold no secret. */
  readonly launchConfig: Readonly<Record<string, string>>;
  readonly objectFormat: "sha1" | "sha256";
  /** Which of `rebase-merge` and the like were there at launch. */
  readonly underWay: readonly string[];
  /** Private copy of `objects/info`, which can name other object stores; beside the copy. */
  readonly objectInfo?: string;
}

/** A folder of which the agent sees a private copy that it may write to and that nobody reads: hooks that live in the tree. */
export interface ShadowedFolder {
  readonly path: string;
  readonly privateDir: string;
}

/** How one workspace is guarded. A pure value: `--dry-run` prints it; it is all that settling needs after any death. */
export interface GuardPlan {
  readonly version: 1;
  /** Real path of the workspace, on the host and inside. */
  readonly workspace: string;
  readonly ino: number;
  /** Private state of the guard, `<stateDir>/guard`. */
  readonly guardDir: string;
  /** What has changed since then is what the agent, or somebody beside it, did. */
  readonly sinceMs: number;
  /** Our claim on the workspace, beside those of other sandboxes in it. */
  readonly claim: string;
  readonly mounts: readonly GuardMount[];
  /** Files with secrets that an empty one is mounted over, by their inodes. */
  readonly masked?: Readonly<Record<string, number>>;
  /** Empty folders made in the workspace so that there is something to mount over, parents first. */
  readonly placeholders: readonly string[];
  readonly gitDirs: readonly GuardedGitDir[];
  readonly shadows: readonly ShadowedFolder[];
  /** Git directories that were there at launch and are not guarded, with a stamp of each part by which they act. */
  readonly knownGitDirs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether the search for them saw the whole workspace. */
  readonly searchedAll: boolean;
  readonly notes: readonly GuardNote[];
}
