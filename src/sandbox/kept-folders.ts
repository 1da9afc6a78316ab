import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LaunchPlan } from "../spec/engine.ts";
import { sandboxFolders } from "./sandbox-folders.ts";
import { type FileOwner, give } from "./write-plan-files.ts";

/** One folder of the agent's home that outlives the sandbox. */
export interface KeptFolder {
  readonly source: string;
  readonly target: string;
}

/** Where the kept folders lie, and where the agent sees them. Pure. */
export function keptFolders({
  stateDir,
  home,
  keeps,
}: Pick<LaunchPlan, "stateDir" | "home" | "keeps">): readonly KeptFolder[] {
  return keeps.map((keep) => ({ source: join(stateDir, "conversation", keep), target: join(home, keep) }));
}

/** Makes them, and the places in the home that they are mounted on: an engine's would be root's. What is in them stays. */
export function prepareKept(plan: Pick<LaunchPlan, "stateDir" | "home" | "keeps">, owner?: FileOwner): void {
  const { home } = sandboxFolders(plan.stateDir);
  for (const keep of plan.keeps) {
    const source = join(plan.stateDir, "conversation", keep);
    mkdirSync(source, { recursive: true, mode: 0o700 });
    chmodSync(source, 0o700);
    give(source, owner);
    const place = join(home, keep);
    const made = mkdirSync(place, { recursive: true, mode: 0o700 });
    for (let dir = place; made !== undefined && dir.startsWith(made); dir = dirname(dir)) give(dir, owner);
  }
}
