import { basename, dirname, join } from "node:path";
import { claimLock, othersPlaceholders } from "./claims.ts";
import { openNotebook } from "./end/notebook.ts";
import { settleGitDir } from "./end/settle-git-dir.ts";
import { settleShadow } from "./end/settle-private.ts";
import { settleWorkspace } from "./end/settle-workspace.ts";
import type { GuardHost } from "./guard-host.ts";
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
  if (text === undefined) return { notes: [], leftovers: [] }; // The guard had not begun to act.
  const plan = JSON.parse(text.toString()) as GuardPlan;
  const notebook = openNotebook(host, plan);
  const shared = othersPlaceholders(host, dirname(plan.claim), basename(plan.claim));
  const context = { tag: basename(plan.claim), notebook, shared };

  const leftovers: string[] = [];
  // Workspaces are deleted, too: then there is nothing to bring to an end.
  if (host.look(plan.workspace)?.kind === "folder") {
    for (const unit of plan.gitDirs) leftovers.push(...(await settleGitDir(host, plan, unit, context)));
    for (const shadow of plan.shadows) settleShadow(host, shadow, notebook);
    await settleWorkspace(host, plan, notebook);
  }
  const removed = await host.exclusively(claimLock(plan.claim), () => removePlaceholders(host, plan));
  if (removed === undefined) leftovers.push(...plan.placeholders);

  const report = { notes: notebook.notes, leftovers };
  if (leftovers.length > 0) return report;
  host.writeFile(join(guardDir, "settled.json.new"), JSON.stringify(report), { mode: 0o600 });
  host.move(join(guardDir, "settled.json.new"), join(guardDir, "settled.json"));
  return report;
}

/** The claim goes last: until then another launch takes what is left for a placeholder, not for a folder of the person's. */
function removePlaceholders(host: GuardHost, plan: GuardPlan): void {
  const others = othersPlaceholders(host, dirname(plan.claim), basename(plan.claim));
  for (const path of [...plan.placeholders].reverse()) {
    // One into which somebody put something is theirs now; one that another sandbox mounts over is its to remove.
    if (!others.has(path)) host.removeFolder(path);
  }
  host.removeFile(plan.claim);
  host.removeFolder(dirname(plan.claim));
}
