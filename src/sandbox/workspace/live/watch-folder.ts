import { watch } from "node:fs";

/** Calls back with the name of each entry that changes in a folder, until closed. Never throws: what it misses is settled at the end. */
export function watchFolder(folder: string, changed: (name: string) => void): Disposable {
  try {
    const watcher = watch(folder, (_, name) => void (name !== null && changed(name)));
    watcher.on("error", () => watcher.close());
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    return { [Symbol.dispose]: () => {} }; // Gone already, or the machine has no watches left.
  }
}
