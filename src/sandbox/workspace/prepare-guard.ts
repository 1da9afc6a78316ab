import { join } from "node:path";
import { systemReason } from "../../host/system-reason.ts";
import type { Journal } from "../../spec/engine.ts";
import { claimLock, claimPresence, writeClaim } from "./claims.ts";
import { copyTree } from "./copy-tree.ts";
import { guardFailure } from "./errors.ts";
import { holdGitDir } from "./git/hold-git-dir.ts";
import { maskIndex } from "./git/mask-index.ts";
import { seedGitDir } from "./git/seed-git-dir.ts";
import type { GuardHost } from "./guard-host.ts";
import type { GuardNote, GuardPlan } from "./guard-plan.ts";
import { maskName } from "./plan-guard.ts";

/**
 * Makes what the mounts need. The plan is on disk and the placeholders are in the journal before anything is made in the
 * workspace, so that `settleGuard` can undo it from any point. What it returns is to be disposed of when the sandbox is dead, and
 * is by the end of this process: until then sandboxes of other state folders leave the placeholders alone.
 */
export async function prepareGuard(
  host: GuardHost,
  plan: GuardPlan,
  journal: Journal,
  tell: (note: GuardNote) => void = () => {},
): Promise<Disposable> {
  host.makeFolder(plan.guardDir, 0o700);
  host.makeFolder(join(plan.guardDir, "empty"), 0o500);
  host.writeFile(join(plan.guardDir, maskName), "", { mode: 0o400 });
  host.writeFile(join(plan.guardDir, "plan.json.new"), JSON.stringify(plan), { mode: 0o600 });
  host.move(join(plan.guardDir, "plan.json.new"), join(plan.guardDir, "plan.json"));
  for (const unit of plan.gitDirs) {
    host.makeFolder(unit.privateDir, 0o755);
    if (unit.role === "initial") continue;
    using held = holdGitDir(host, unit);
    if (held === undefined) throw guardFailure("guard_not_in_place", { path: unit.path });
    seedGitDir(host, held);
    await maskIndex(host, held, tell);
  }
  for (const { path, privateDir } of plan.shadows) {
    host.makeFolder(privateDir, 0o755);
    for (const { name } of host.list(path))
      copyTree(host, join(path, name), join(privateDir, name), { left: 1000 }, "links too");
  }
  journal.intent("guard_prepared", { workspace: plan.workspace, placeholders: plan.placeholders });
  const present = await host.announce(claimPresence(plan.claim));
  const made = await host.exclusively(claimLock(plan.claim), () => {
    writeClaim(host, plan.claim, { guardDir: plan.guardDir, placeholders: plan.placeholders });
    for (const path of plan.placeholders) makePlaceholder(host, path);
  });
  if (made === undefined) throw guardFailure("workspace_busy", { dir: plan.workspace });
  return present;
}

function makePlaceholder(host: GuardHost, path: string): void {
  try {
    host.makeFolder(path, 0o755);
  } catch (error) {
    const reason = systemReason(error);
    throw reason === undefined ? error : guardFailure("workspace_unwritable", { path, reason }, { cause: error });
  }
}
