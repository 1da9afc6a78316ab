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
    const below = readdirSync(sources, { recursive: true, withFileTypes: true });
    const folders = [sources, ...below.filter((entry) => entry.isDirectory()).map((e) => join(e.parentPath, e.name))];
    // Watched before it is looked at: no change falls in between.
    for (const folder of folders) watch(folder, change).on("error", change).unref();
    const built = statSync(join(root, "dist/.stamp")).mtimeMs;
    const files = [...folders, ...below.map((entry) => join(entry.parentPath, entry.name)), join(root, "package.json")];
    if (files.some((file) => statSync(file).mtimeMs > built)) change();
  } catch {
    change(); // What cannot be watched is for who looks each time.
  }
  return state;
}
