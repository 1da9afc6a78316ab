import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "../../../host/process/remove-tree.ts";
import { type Baseline, stampOf } from "./baseline.ts";
import { readContent } from "./file-content.ts";
import type { GitStore, TreeChange, TreeEdit } from "./git-store.ts";
import { makeFolders } from "./make-folders.ts";
import type { HeldTree, TreeHost } from "./tree-host.ts";
import { walkTree } from "./walk-tree.ts";

/** The copy at one moment, as a tree of the store. */
export interface Snapshot {
  readonly base: string;
  readonly applied: string;
  readonly now: string;
  /** Changed paths that ignoring rules hide. */
  readonly hidden: readonly string[];
  /** Folders of the copy, and those of them that hold nothing. */
  readonly folders: ReadonlySet<string>;
  readonly emptyFolders: readonly string[];
  /** Every link of the copy with its text. */
  readonly links: ReadonlyMap<string, string>;
}

const maxRulesBytes = 1024 ** 2;

/**
 * Looks at the copy as it is now, also while an agent works in it. What git would ignore is left out unless `all`: by the
 * `.gitignore` files of the copy, the repository's own `info/exclude`, and never what the repository tracked.
 */
export async function takeSnapshot(
  host: TreeHost,
  store: GitStore,
  given: {
    readonly top: HeldTree;
    readonly baseline: Baseline;
    readonly base: string;
    readonly applied: string;
    readonly scratch: string;
    readonly all: boolean;
  },
): Promise<Snapshot> {
  const { top, baseline, base, applied, all } = given;
  const missing = new Map(baseline.stamps);
  const changed: string[] = [];
  const folders = new Set<string>();
  const filled = new Set<string>();
  const links = new Map<string, string>();
  const rules: string[] = [];
  await walkTree(host, top, (entry) => {
    const { path, look, dir, name } = entry;
    filled.add(parentOf(path));
    if (look.kind === "folder") folders.add(path);
    else if (look.kind === "link") links.set(path, host.readLink(dir, name) ?? "");
    else if (name === ".gitignore") rules.push(path);
    if (look.kind !== "file" && look.kind !== "link") return;
    if (missing.get(path) !== stampOf(entry)) changed.push(path);
    missing.delete(path);
  });
  const candidates = [...missing.keys(), ...changed];
  const hidden = all ? new Set<string>() : await findHidden();
  const now = await store.commit("refs/caisson/now", base, edits());
  const emptyFolders = [...folders].filter((path) => !filled.has(path));
  return { base, applied, now, hidden: [...hidden].sort(), folders, emptyFolders, links };

  async function findHidden(): Promise<ReadonlySet<string>> {
    const folder = join(given.scratch, "rules");
    mkdirSync(folder, { mode: 0o700 });
    for (const path of rules) {
      const names = path.split("/");
      using dir = host.hold(top, names.slice(0, -1));
      const bytes = dir && host.read(dir, ".gitignore", maxRulesBytes);
      if (bytes === undefined || bytes === "large") continue;
      using place = makeFolders(host, folder, names.slice(0, -1), 0o700);
      if (place) host.writeFile(place, ".gitignore", bytes, 0o600);
    }
    const ignored = new Set(await store.ignored(folder, candidates));
    removeTree(folder);
    // What was applied once stays in sight: left out, it would count as deleted.
    for (const { path } of await store.changes(base, applied)) ignored.delete(path);
    for (const path of baseline.tracked) ignored.delete(path);
    return ignored;
  }

  async function* edits(): AsyncGenerator<TreeEdit> {
    for (const path of missing.keys()) if (!hidden.has(path)) yield { path, gone: true };
    for (const path of changed) {
      if (hidden.has(path)) continue;
      const names = path.split("/");
      using dir = host.hold(top, names.slice(0, -1));
      const name = names.at(-1) ?? "";
      const look = dir && host.look(dir, name);
      const content = dir && look && (await readContent(host, dir, name, look));
      yield content ? { path, ...content } : { path, gone: true };
    }
  }
}

/** What of a snapshot is not applied yet. */
export const unapplied = (store: GitStore, snapshot: Snapshot): Promise<readonly TreeChange[]> =>
  store.changes(snapshot.applied, snapshot.now);

const parentOf = (path: string) => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
