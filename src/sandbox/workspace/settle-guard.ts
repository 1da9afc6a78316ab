import { basename, dirname, join, relative } from "node:path";
import { claimLock, othersPlaceholders } from "./claims.ts";
import { adoptGitDir } from "./end/adopt-git-dir.ts";
import { type Notebook, openNotebook } from "./end/notebook.ts";
import { settleGitDir } from "./end/settle-git-dir.ts";
import { settleShadow } from "./end/settle-private.ts";
import { settleWorkspace } from "./end/settle-workspace.ts";
import { holdExact } from "./git/hold-git-dir.ts";
import type { GuardHost, HeldFolder } from "./guard-host.ts";
import type { GuardNote, GuardPlan } from "./guard-plan.ts";

/** What the end of a guard did. `leftovers` = what it could not do; settling again tries again. */
export interface GuardReport {
  readonly notes: readonly GuardNote[];
  readonly leftovers: readonly string[];
}

/**
 * Brings the workspace to its end state: what may be carried over is, what could act on the host is disarmed, nothing of
 * ours is left in it. The sandbox must be dead. Right from any half state, idempotent, and the same whether the keeper or
 * the next start after a death calls it.
 */
export async function settleGuard(host: GuardHost, guardDir: string): Promise<GuardReport> {
  const settled = host.readOwn(join(guardDir, "settled.json"));
  if (settled) return JSON.parse(settled.toString()) as GuardReport;
  const text = host.readOwn(join(guardDir, "plan.json"));
  if (text === undefined) {
    host.removeTree(guardDir); // The guard had not begun to act: there is nothing to remember.
    return { notes: [], leftovers: [] };
  }
  const plan = JSON.parse(text.toString()) as GuardPlan;
  const notebook = openNotebook(host, plan);
  // A workspace that was deleted, or replaced by another folder, has no end to be brought to.
  using top = holdExact(host, plan.workspace, plan.ino);
  const leftovers = top ? await settleHeld(host, plan, top, notebook) : [];
  const removed = await host.exclusively(claimLock(plan.claim), () => removePlaceholders(host, plan, top));
  if (removed === undefined) leftovers.push(...plan.placeholders);

  const report = { notes: notebook.notes, leftovers };
  if (leftovers.length > 0) return report;
  host.writeFile(join(guardDir, "settled.json.new"), JSON.stringify(report), { mode: 0o600 });
  host.move(join(guardDir, "settled.json.new"), join(guardDir, "settled.json"));
  return report;
}

async function settleHeld(host: GuardHost, plan: GuardPlan, top: HeldFolder, notebook: Notebook): Promise<string[]> {
  const leftovers: string[] = [];
  const others = othersPlaceholders(host, dirname(plan.claim), basename(plan.claim));
  for (const unit of plan.gitDirs) {
    if (unit.role !== "initial") leftovers.push(...(await settleGitDir(host, plan, unit, notebook)));
    else {
      const made = { from: unit.privateDir, to: unit.path, at: join(top.path, ".git"), kind: "repository" as const };
      await adoptGitDir(host, plan, { ...made, isTaken: others.has(unit.path) }, notebook);
    }
  }
  for (const shadow of plan.shadows) settleShadow(host, shadow, notebook);
  await settleWorkspace(host, plan, top, notebook);
  return leftovers;
}

/** The claim goes last: until then another launch takes what is left for a placeholder, not for a folder of the person's. */
function removePlaceholders(host: GuardHost, plan: GuardPlan, top: HeldFolder | undefined): void {
  const others = othersPlaceholders(host, dirname(plan.claim), basename(plan.claim));
  for (const path of [...plan.placeholders].reverse()) {
    // One into which somebody put something is theirs now; one that another sandbox mounts over is its to remove.
    using folder = top && holdParent(host, plan, top, path);
    if (folder && !others.has(path)) host.removeFolder(join(folder.path, basename(path)));
  }
  host.removeFile(plan.claim);
  host.removeFolder(dirname(plan.claim));
}

/** Holds the folder in which a placeholder lies; it may lie in a repository outside the workspace. */
function holdParent(host: GuardHost, plan: GuardPlan, top: HeldFolder, path: string): HeldFolder | undefined {
  const way = relative(plan.workspace, dirname(path));
  if (way.startsWith("..")) return host.holdFolder("/", dirname(path).split("/").slice(1));
  return host.holdFolder(top.path, way.split("/").filter(Boolean));
}
