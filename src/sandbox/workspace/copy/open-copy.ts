import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "../../../host/process/remove-tree.ts";
import type { ProgramsOutside } from "../../../host/programs-outside.ts";
import { appliedName, type Baseline, baseName, readBaseline } from "./baseline.ts";
import { copyPaths } from "./copy-paths.ts";
import { copyFailure } from "./errors.ts";
import { createStore, type GitStore, openStore } from "./git-store.ts";
import { type Snapshot, takeSnapshot } from "./read-changes.ts";
import type { HeldTree, TreeHost } from "./tree-host.ts";

/** What looking at a copy needs of the outside. `programs` has the git that is run. */
export interface CopyTools {
  readonly host: TreeHost;
  readonly programs: ProgramsOutside;
}

/** The copy of one sandbox: where its state lies, and what to call it. */
export interface CopyName {
  readonly stateDir: string;
  readonly slug: string;
  readonly mode: string;
}

/** A whole copy that is looked at. Disposing removes what looking needed. */
export interface OpenCopy extends Disposable {
  readonly baseline: Baseline;
  readonly paths: ReturnType<typeof copyPaths>;
  /** Ours alone: what is put into it is gone with us. */
  readonly scratchStore: GitStore;
  /** The sandbox's own: only for who holds the lock. */
  readonly store: GitStore;
  readonly tree: HeldTree;
  snapshot(store: GitStore, all: boolean): Promise<Snapshot>;
}

/** Opens the copy of a sandbox; throws `copy_not_there` when it has none, or no whole one. */
export function openCopy({ host, programs }: CopyTools, { stateDir, slug, mode }: CopyName): OpenCopy {
  const paths = copyPaths(stateDir);
  const baseline = readBaseline(stateDir);
  const tree = baseline && host.hold(paths.tree, []);
  if (baseline === undefined || tree === undefined) throw copyFailure("copy_not_there", { slug, mode });
  removeStale(paths.scratch);
  const scratch = mkdtempSync(join(paths.scratch, `${process.pid}-`));
  const store = openStore(programs, paths.store);
  const exclude = readFileSync(join(paths.store, "info/exclude"), "utf8");
  const scratchStore = createStore(programs, join(scratch, "store"), { exclude, on: paths.store });
  return {
    baseline,
    paths,
    store,
    scratchStore,
    tree,
    snapshot: async (into, all) => {
      const base = (await store.resolve(baseName)) ?? "";
      const applied = (await store.resolve(appliedName)) ?? base;
      return takeSnapshot(host, into, { top: tree, baseline, base, applied, scratch, all });
    },
    [Symbol.dispose]: () => {
      tree[Symbol.dispose]();
      removeTree(scratch);
    },
  };
}

/** What looks that were cut off left. */
function removeStale(scratch: string): void {
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(scratch))
    if (!existsSync(`/proc/${name.split("-")[0]}`)) removeTree(join(scratch, name));
}
