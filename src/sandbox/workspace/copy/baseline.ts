import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { copyPaths } from "./copy-paths.ts";
import { readContent } from "./file-content.ts";
import type { GitStore, TreeEdit } from "./git-store.ts";
import type { HeldTree, TreeHost } from "./tree-host.ts";
import { type TreeEntry, walkTree } from "./walk-tree.ts";

/** Names in the store. */
export const baseName = "refs/caisson/base";
/** The base with all that was applied since: what a later apply compares with. */
export const appliedName = "refs/caisson/applied";

/** What is remembered of a workspace as it was copied. Paths are bytes, one character each. */
export interface Baseline {
  readonly version: 1;
  /** The folder that was copied. */
  readonly dir: string;
  readonly files: number;
  readonly bytes: number;
  /** What git obeys of the tree: never applied without being told to. */
  readonly protected: readonly string[];
  /** Paths in the repository's index: ignoring rules do not hide them. */
  readonly tracked: readonly string[];
  /** Each file and link: what shows, at a glance, that it was not touched since. */
  readonly stamps: readonly (readonly [path: string, stamp: string])[];
  readonly folders: readonly string[];
}

/** The time of the last change of an inode cannot be set: with it and the size, an untouched file is told from others. */
export const stampOf = ({ look }: Pick<TreeEntry, "look">): string =>
  `${look.ino} ${look.size} ${look.mode.toString(8)} ${look.mtimeMs} ${look.ctimeMs}`;

/** Puts every file of the copy into the store, as the tree that all later comparing starts from. */
export async function storeBase(
  host: TreeHost,
  store: GitStore,
  top: HeldTree,
  signal: AbortSignal,
): Promise<Pick<Baseline, "stamps" | "folders">> {
  const stamps: [string, string][] = [];
  const folders: string[] = [];
  const found: string[][] = [];
  await walkTree(host, top, (entry) => {
    if (entry.look.kind === "folder") folders.push(entry.path);
    else {
      stamps.push([entry.path, stampOf(entry)]);
      found.push(entry.path.split("/"));
    }
  });
  await store.commit(baseName, undefined, edits());
  return { stamps, folders };

  async function* edits(): AsyncGenerator<TreeEdit> {
    for (const names of found) {
      signal.throwIfAborted();
      using dir = host.hold(top, names.slice(0, -1));
      const name = names.at(-1) ?? "";
      const look = dir && host.look(dir, name);
      const content = dir && look && (await readContent(host, dir, name, look));
      if (content) yield { path: names.join("/"), ...content };
    }
  }
}

/** Writes that the copy is whole. */
export function writeBaseline(stateDir: string, baseline: Baseline): void {
  const { baseline: file } = copyPaths(stateDir);
  writeFileSync(`${file}.new`, JSON.stringify(baseline), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What was remembered; undefined when there is no copy, or no whole one. */
export function readBaseline(stateDir: string): Baseline | undefined {
  try {
    return JSON.parse(readFileSync(copyPaths(stateDir).baseline, "utf8")) as Baseline;
  } catch {
    return undefined;
  }
}
