import { cliFailure } from "../errors.ts";

/** Whom the agent is in the kernel's eyes. */
export interface InsideUser {
  readonly uid: number;
  readonly gid: number;
}

/** Who works inside where nobody's files are worked on: the user that the images have. */
const nobodyElse: InsideUser = { uid: 1000, gid: 1000 };

/**
 * The user that an agent is in a container: the person, so that what it makes is theirs; for root, whoever owns the
 * workspace. Never root: throws `workspace_of_root` where only root could work.
 */
export function chooseUser(person: InsideUser, workspace: WorkspaceOwner): InsideUser {
  if (person.uid !== 0) return person;
  if (workspace.mode !== "mount") return nobodyElse;
  const { uid, gid } = workspace.owner;
  if (uid === 0) throw cliFailure("workspace_of_root", { dir: workspace.dir });
  return { uid, gid };
}

/** A workspace, and who owns it where it is mounted. */
export type WorkspaceOwner =
  | { readonly mode: "none" | "copy" }
  | { readonly mode: "mount"; readonly dir: string; readonly owner: InsideUser };
