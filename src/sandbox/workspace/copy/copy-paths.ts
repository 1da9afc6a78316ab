import { join } from "node:path";

/** Where the copy of a workspace lies, below the sandbox's state folder, and what is remembered of its beginning. */
export function copyPaths(stateDir: string) {
  const dir = join(stateDir, "workspace");
  return {
    dir,
    /** The copy: what the agent works in. */
    tree: join(dir, "tree"),
    /** Git objects of what was copied, in a repository of ours that the agent never sees. */
    store: join(dir, "store"),
    /** Written last: without it the copy is not whole. */
    baseline: join(dir, "baseline.json"),
    /** An apply that is under way: `plan.json`, once it is there, is carried out to its end. */
    apply: join(dir, "apply"),
    applyPlan: join(dir, "apply", "plan.json"),
    /** The empty file that lies over each masked one. */
    mask: join(dir, "masked"),
    scratch: join(dir, "scratch"),
  } as const;
}
