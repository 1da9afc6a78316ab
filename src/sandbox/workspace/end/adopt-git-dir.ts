import { dirname, join } from "node:path";
import { copyTree } from "../copy-tree.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";
import { cleanGitDir, type MadeGitDir } from "./clean-git-dir.ts";
import type { Notebook } from "./notebook.ts";

/** A git directory that was made inside, and the place (in a folder that is held open) where it goes. */
export interface AdoptedGitDir extends MadeGitDir {
  readonly at: string;
  /** Another sandbox mounts over the place: what is put there would show through. */
  readonly isTaken?: boolean;
}

/**
 * Gives a git directory that an agent made its place on the host, without what could act there. It is cleaned where
 * nobody looks and then moved in one step; a second try after a death begins again or finds it moved.
 */
export async function adoptGitDir(
  host: GuardHost,
  plan: GuardPlan,
  made: AdoptedGitDir,
  notebook: Notebook,
): Promise<void> {
  const what = made.kind === "worktree" ? "a linked working tree" : "a repository";
  const leave = (reason: string) =>
    notebook.add({
      path: made.to,
      action: "dropped",
      detail: `${what} was made inside, but ${reason}; it is at ${made.from}`,
    });
  if (host.look(join(made.from, "HEAD")) === undefined) return;
  if (host.look(adoptionMark(plan, made.to)) && !host.look(waitingPlace(made.at))) {
    host.removeTree(made.from); // It was moved, and not yet removed.
    return;
  }
  if (host.list(made.at).length > 0) return leave("there is one here now");
  if (made.isTaken) return leave("another sandbox runs in this workspace");
  const refusal = await cleanGitDir(host, plan, made);
  if (refusal !== undefined) return leave(refusal);
  notebook.add({ path: made.to, action: "kept", detail: `${what} that was made inside, without hooks` });
  moveInto(host, plan, made);
}

/** Within one file system a rename; else a copy beside the place, a mark that it is whole, a rename. */
function moveInto(host: GuardHost, plan: GuardPlan, { from, to, at }: AdoptedGitDir): void {
  host.makeFolder(dirname(at), 0o755);
  if (host.tryMove(from, at)) return;
  host.removeTree(waitingPlace(at));
  copyTree(host, from, waitingPlace(at), { left: Number.POSITIVE_INFINITY });
  host.writeFile(adoptionMark(plan, to), "", { mode: 0o600 });
  host.move(waitingPlace(at), at);
  host.removeTree(from);
}

const waitingPlace = (at: string) => join(dirname(at), ".caisson-adopting");
const adoptionMark = (plan: GuardPlan, to: string) => join(plan.guardDir, `adopted-${to.replaceAll("/", "%")}`);
