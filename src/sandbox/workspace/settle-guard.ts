import { join } from "node:path";
import type { GuardHost } from "./guard-host.ts";
import type { GuardNote, GuardPlan } from "./guard-plan.ts";

/** What the end of a guard did. `leftovers` = what it could not do; settling again tries again. */
export interface GuardReport {
  readonly notes: readonly GuardNote[];
  readonly leftovers: readonly string[];
}

/**
 * Brings the workspace to its end state: nothing of ours is left in it. The sandbox must be dead. Right from any half
 * state, idempotent, and the same whether the keeper or the next start after a death calls it.
 */
export async function settleGuard(host: GuardHost, guardDir: string): Promise<GuardReport> {
  const text = host.readOwn(join(guardDir, "plan.json"));
  if (text === undefined) return { notes: [], leftovers: [] }; // The guard had not begun to act.
  const plan = JSON.parse(text.toString()) as GuardPlan;
  // A placeholder into which somebody put something is theirs now.
  for (const path of [...plan.placeholders].reverse()) host.removeFolder(path);
  return { notes: [], leftovers: [] };
}
