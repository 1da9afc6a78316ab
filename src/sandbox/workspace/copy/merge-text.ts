import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "../../../host/process/remove-tree.ts";
import type { GitStore } from "./git-store.ts";

/** Both sides' changes of a text in one; undefined when they touch the same lines, or it is no text. */
export async function mergeText(
  store: GitStore,
  sides: { readonly base: Buffer; readonly ours: Buffer; readonly theirs: Buffer },
): Promise<Buffer | undefined> {
  const folder = mkdtempSync(join(store.dir, "merge-"));
  try {
    const files = (["ours", "base", "theirs"] as const).map((side) => {
      const file = join(folder, side);
      writeFileSync(file, sides[side], { mode: 0o600 });
      return file;
    });
    const { code, stdout } = await store.run(["merge-file", "-p", "-q", ...files]);
    return code === 0 ? stdout : undefined;
  } finally {
    removeTree(folder);
  }
}
