import { basename, join } from "node:path";
import { copyTree } from "../copy-tree.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";

/** Takes something out of the workspace, and keeps it in the guard's own folder. */
export function setAside(host: GuardHost, plan: GuardPlan, path: string): void {
  keepCopy(host, plan, path);
  host.removeTree(path);
}

/** Keeps a copy of something in the guard's own folder. */
export function keepCopy(host: GuardHost, plan: GuardPlan, path: string): void {
  const folder = join(plan.guardDir, "set-aside");
  host.makeFolder(folder, 0o700);
  const kept = join(folder, `${host.list(folder).length}-${basename(path)}`);
  copyTree(host, path, kept, { left: 10_000 }, "links too");
}
