import type { HeldTree, TreeHost } from "./tree-host.ts";

/** Holds a folder, making what is missing of the way to it; undefined where a link or a file stands in it. */
export function makeFolders(
  host: TreeHost,
  top: string | HeldTree,
  names: readonly string[],
  mode: number,
): HeldTree | undefined {
  let held = host.hold(top, []);
  for (const name of names) {
    if (held === undefined) return undefined;
    using outer = held;
    held = host.hold(outer, [name]);
    if (held !== undefined || host.look(outer, name) !== undefined) continue;
    host.makeFolder(outer, name, mode);
    held = host.hold(outer, [name]);
  }
  return held;
}
