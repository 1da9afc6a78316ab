import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "../host/remove-tree.ts";
import { statePaths } from "../sandbox/state-paths.ts";

/** Removes all that is kept of a sandbox that has ended. It is out of every list in one act, whatever stops the rest. */
export function removeSandbox(root: string, slug: string): void {
  const doomed = join(root, "removed");
  mkdirSync(doomed, { recursive: true, mode: 0o700 });
  renameSync(statePaths(root, slug).dir, join(doomed, `${slug}.${process.pid}`));
  removeTree(join(doomed, `${slug}.${process.pid}`));
}

/** Removes what a removal that was cut off left. */
export function finishRemovals(root: string): void {
  removeTree(join(root, "removed"));
}
