import { dirname, join } from "node:path";
import { copyTree } from "../copy-tree.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";
import { cleanGitDir, type MadeGitDir } from "./clean-git-dir.ts";
import type { Notebook } from "./notebook.ts";

/**
 * Gives a git directory that an agent made its place on the host, without what could act there. It is cleaned where
 * nobody looks and then moved in one step; a second try after a death begins again or finds it moved.
 */
export async function adoptGitDir(
  host: GuardHost,
  plan: GuardPlan,
  made: MadeGitDir,
  notebook: Notebook,
  shared: ReadonlySet<string> = new Set(),
): Promise<void> {
  const what = made.kind === "worktree" ? "a linked working tree" : "a repository";
  const leave = (reason: string) =>
    notebook.add({
      path: made.to,
      action: "dropped",
      detail: `${what} was made inside, but ${reason}; it is at ${made.from}`,
    });
  if (host.look(join(made.from, "HEAD")) === undefined) return;
  if (host.look(adoptionMark(plan, made.to)) && !host.look(waitingPlace(made.to))) {
    host.removeTree(made.from);
    return;
  }
  if (host.list(made.to).length > 0) return leave("there is one here now");
  if (shared.has(made.to)) return leave("another sandbox runs in this workspace");
  const refusal = await cleanGitDir(host, plan, made);
  if (refusal !== undefined) return leave(refusal);
  notebook.add({ path: made.to, action: "kept", detail: `${what} that was made inside, without hooks` });
  moveInto(host, plan, made);
}

/** Within one file system a rename; else a copy beside the place, a mark that it is whole, a rename. */
function moveInto(host: GuardHost, plan: GuardPlan, { from, to }: MadeGitDir): void {
  host.makeFolder(dirname(to), 0o755);
  if (host.look(from)?.dev === host.look(dirname(to))?.dev) {
    host.move(from, to);
    return;
  }
  host.removeTree(waitingPlace(to));
  copyTree(host, from, waitingPlace(to), { left: Number.POSITIVE_INFINITY });
  host.writeFile(adoptionMark(plan, to), "", { mode: 0o600 });
  host.move(waitingPlace(to), to);
  host.removeTree(from);
}

const waitingPlace = (to: string) => join(dirname(to), ".caisson-adopting");
const adoptionMark = (plan: GuardPlan, to: string) => join(plan.guardDir, `adopted-${to.replaceAll("/", "%")}`);
