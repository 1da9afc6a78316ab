import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";

/**
 * Takes something out of a folder in one rename, which follows no link: into the guard's own folder, or, where that is on
 * another file system, to a name that nothing obeys.
 */
export function setAside(host: GuardHost, plan: GuardPlan, folder: string, name: string): void {
  const from = join(folder, name);
  if (!host.tryMove(from, keepingPlace(host, plan, name))) host.move(from, `${from}.disarmed-by-caisson`);
}

/** A free name in the guard's folder for what is taken out. */
export function keepingPlace(host: GuardHost, plan: GuardPlan, name: string): string {
  const folder = join(plan.guardDir, "set-aside");
  host.makeFolder(folder, 0o700);
  return join(folder, `${host.list(folder).length}-${name}`);
}
