import { existsSync, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";

/**
 * Whether a source in `root` is newer than its bundles, as `bin/caisson` asks with `find`: looks once, then is told by the kernel.
 * A change is known by the time that the events of the loop's next round have been handled. Without sources nothing is.
 */
export function watchSources(root: string): { readonly isNewer: boolean } {
  const sources = join(root, "src");
  const state = { isNewer: false };
  if (!existsSync(sources)) return state;
  const change = () => {
    state.isNewer = true;
  };
  try {
    // Watched before it is looked at: no change falls in between.
    for (const folder of foldersOf(sources)) watch(folder, change).on("error", change).unref();
    if (hasNewerSource(root)) change();
  } catch {
    change(); // What cannot be watched is for who looks each time.
  }
  return state;
}

/** Whether a source in `root` is newer than its bundles, now. Throws where there are no bundles. */
export function hasNewerSource(root: string): boolean {
  const sources = join(root, "src");
  if (!existsSync(sources)) return false;
  const built = statSync(join(root, "dist/.stamp")).mtimeMs;
  const below = readdirSync(sources, { recursive: true, encoding: "utf8" }).map((name) => join(sources, name));
  return [sources, ...below, join(root, "package.json")].some((file) => statSync(file).mtimeMs > built);
}

const foldersOf = (folder: string): readonly string[] => [
  folder,
  ...readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name)),
];
