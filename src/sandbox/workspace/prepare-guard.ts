import { join } from "node:path";
import type { Journal } from "../../spec/engine.ts";
import type { GuardHost } from "./guard-host.ts";
import type { GuardPlan } from "./guard-plan.ts";

/**
 * Makes what the mounts need. The plan is on disk and the placeholders are in the journal before anything is made in the
 * workspace, so that `settleGuard` can undo it from any point.
 */
export async function prepareGuard(host: GuardHost, plan: GuardPlan, journal: Journal): Promise<void> {
  host.makeFolder(join(plan.guardDir, "empty"), 0o700);
  host.writeFile(join(plan.guardDir, "plan.json"), JSON.stringify(plan), 0o600);
  journal.intent("guard_prepared", { workspace: plan.workspace, placeholders: plan.placeholders });
  for (const path of plan.placeholders) host.makeFolder(path, 0o755);
}
