import { dirname, join } from "node:path";
import type { GuardMount, GuardPlan } from "./guard-plan.ts";
import type { WorkspaceFacts } from "./workspace-facts.ts";

/** Decides how a workspace is guarded. Pure: mounts come in the order in which they must be made, parents first. */
export function planGuard(facts: WorkspaceFacts, guardDir: string): GuardPlan {
  const at = (path: string) => join(facts.dir, path);
  const covers = [
    ...facts.present.map((path): GuardMount => ({ kind: "ro-bind", source: at(path), target: at(path) })),
    ...facts.absent.map((path): GuardMount => ({ kind: "ro-bind", source: join(guardDir, "empty"), target: at(path) })),
  ];
  const placeholders = facts.absent.map(at);
  return {
    version: 1,
    workspace: facts.dir,
    guardDir,
    mounts: orderMounts(facts.dir, covers),
    placeholders,
    notes: facts.notes,
  };
}

/** The workspace, then every folder between it and a cover mounted on itself (else it could be moved away), then the covers. */
function orderMounts(workspace: string, covers: readonly GuardMount[]): GuardMount[] {
  const mounts = new Map<string, GuardMount>();
  for (const cover of covers) {
    for (let dir = dirname(cover.target); dir.length > workspace.length; dir = dirname(dir))
      mounts.set(dir, { kind: "bind", source: dir, target: dir });
  }
  for (const cover of covers) mounts.set(cover.target, cover);
  const below = [...mounts.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
  return [{ kind: "bind", source: workspace, target: workspace }, ...below];
}
