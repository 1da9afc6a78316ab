import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FileFacts } from "../../host/process/file-facts.ts";
import type { LaunchPlan } from "../../spec/engine.ts";
import { prepareKept } from "../kept-folders.ts";
import { sandboxFolders } from "../sandbox-folders.ts";
import { etcFiles } from "./etc-files.ts";

/** Makes the sandbox's private folders and the files that are mounted from them. Modes hold whatever the umask. Idempotent. */
export function prepareFolders(facts: FileFacts, plan: LaunchPlan): void {
  const folders = sandboxFolders(plan.stateDir);
  for (const [path, mode] of [
    [folders.private, 0o700],
    [folders.home, 0o700],
    [folders.tmp, 0o1777],
    [folders.run, 0o755],
    [folders.etc, 0o755],
    [folders.emptyDir, 0o555],
  ] as const) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
  }
  prepareKept(plan);
  rmSync(folders.holder, { force: true });
  for (const [name, text] of Object.entries(etcFiles(facts, plan))) {
    const path = join(folders.etc, name);
    if (name.includes("/")) mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, text, { mode: 0o644 });
  }
  for (const [path, mode] of [
    [folders.empty, 0o444],
    // Mounted by its inode: whoever fills it writes in place.
    [folders.trustBundle, 0o644],
  ] as const) {
    writeFileSync(path, "", { flag: "a" });
    chmodSync(path, mode);
  }
}
