import { copyFailure } from "./errors.ts";
import type { HeldTree, TreeHost, TreeLook } from "./tree-host.ts";

const maxDepth = 200;
const maxEntries = 2_000_000;
const breatheEvery = 200;

/** One thing in a tree: its path below the top, and where to reach it. */
export interface TreeEntry {
  readonly path: string;
  readonly look: TreeLook;
  readonly dir: HeldTree;
  readonly name: string;
}

/**
 * Visits everything below a folder that an agent may be writing to, a folder before what is in it; never a git directory.
 * A visit sees the entry while its folder is held. Bounded in depth and number.
 */
export async function walkTree(host: TreeHost, top: HeldTree, visit: (entry: TreeEntry) => void): Promise<void> {
  let entries = 0;
  const walk = async (dir: HeldTree, within: string, depth: number): Promise<void> => {
    if (depth > maxDepth) throw copyFailure("tree_too_deep", { depth: maxDepth });
    for (const name of [...host.list(dir)].sort()) {
      if (name === ".git") continue;
      const look = host.look(dir, name);
      if (look === undefined) continue;
      entries += 1;
      if (entries > maxEntries) throw copyFailure("tree_too_large", { entries: maxEntries });
      if (entries % breatheEvery === 0) await host.breathe();
      const path = within === "" ? name : `${within}/${name}`;
      visit({ path, look, dir, name });
      if (look.kind !== "folder") continue;
      using child = host.hold(dir, [name]);
      if (child) await walk(child, path, depth + 1);
    }
  };
  await walk(top, "", 0);
}
