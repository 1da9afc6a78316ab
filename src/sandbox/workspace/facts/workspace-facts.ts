import type { ConfigEntry } from "../git/config-entry.ts";
import type { GitDirRole, GuardNote } from "../guard-plan.ts";

/** A git directory that the workspace uses, and what of it there is. */
export interface GitDirFacts {
  readonly role: GitDirRole;
  readonly path: string;
  /** The working tree that its index is of; none where that is not in the workspace. */
  readonly workTree?: string;
  /** Names at its top. */
  readonly names: readonly string[];
  /** Which of the parts that are shared with the host are there. */
  readonly shared: readonly string[];
  /** Its configuration; none for a working tree of another repository's. */
  readonly config: readonly ConfigEntry[];
  /** Its `config.worktree`, where there is one. */
  readonly worktreeConfig?: readonly ConfigEntry[];
  /** Whether there is a folder `objects/info`. */
  readonly hasObjectInfo: boolean;
  /** Other object stores that it names. */
  readonly alternates?: string;
  /** Linked working trees that lie outside the workspace. */
  readonly foreignWorktrees: readonly string[];
}

/** What is in a workspace, as far as guarding it needs to know. Paths are absolute and without links. */
export interface WorkspaceFacts {
  readonly dir: string;
  /** When it was looked at, in Unix milliseconds. */
  readonly lookedAtMs: number;
  /** `$XDG_STATE_HOME/caisson`. */
  readonly stateRoot: string;
  /** What must stay as it is. */
  readonly present: readonly string[];
  /** What must not come to be; the folder that would hold it is there. */
  readonly absent: readonly string[];
  /** Folders of hooks in the working tree, there or not. */
  readonly hookFolders: readonly { readonly path: string; readonly there: boolean }[];
  /** Files with secrets, whose content the agent does not get. */
  readonly masked: readonly string[];
  readonly gitDirs: readonly GitDirFacts[];
  /** Inode of each path above that is there. */
  readonly inodes: Readonly<Record<string, number>>;
  /** Git directories that nothing is mounted over, with a stamp of each part by which they act. */
  readonly knownGitDirs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly searchedAll: boolean;
  readonly notes: readonly GuardNote[];
}
