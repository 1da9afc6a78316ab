import { basename, join } from "node:path";
import { copyTree } from "../copy-tree.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";

/** Takes something out of the workspace into the guard's own folder, and says where it is now. */
export function setAside(host: GuardHost, plan: GuardPlan, path: string): string {
  const folder = join(plan.guardDir, "set-aside");
  host.makeFolder(folder, 0o700);
  const kept = join(folder, `${host.list(folder).length}-${basename(path)}`);
  copyTree(host, path, kept, { left: 10_000 }, "links too");
  host.removeTree(path);
  return kept;
}
