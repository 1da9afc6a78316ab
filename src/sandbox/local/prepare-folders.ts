import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FileFacts } from "../../host/process/file-facts.ts";
import type { LaunchPlan } from "../../spec/engine.ts";
import { prepareKept } from "../kept-folders.ts";
import { runFolderInside, sandboxFolders } from "../sandbox-folders.ts";
import { trustPaths } from "../trust-files.ts";
import { etcFiles } from "./etc-files.ts";
import { systemMounts } from "./system-mounts.ts";

/** Makes the sandbox's private folders and the files that are mounted from them. Modes hold whatever the umask. Idempotent. */
export function prepareFolders(facts: FileFacts, plan: LaunchPlan): void {
  const folders = sandboxFolders(plan.stateDir);
  makeFolders(folders);
  prepareKept(plan);
  for (const [name, text] of Object.entries(etcFiles(facts, plan))) writeBelow(folders.etc, name, text);
}

/**
 * Makes the same in the state folder of a sandbox that is not asked for yet, as far as there must be files and places to mount on:
 * empty, for their contents are the run's. To be moved by `moveFolders`.
 */
export function prepareFoldersAhead(facts: FileFacts, stateDir: string): void {
  const folders = sandboxFolders(stateDir);
  makeFolders(folders);
  for (const name of Object.keys(etcFiles(facts, { home: "/", hostname: "" }))) writeBelow(folders.etc, name, "");
  for (const path of [trustPaths.authority, trustPaths.java]) {
    writeBelow(folders.run, path.slice(runFolderInside.length + 1), "");
  }
  for (const path of [folders.holder, folders.seccomp]) writeFileSync(path, "", { mode: 0o600 });
  for (const mount of systemMounts(facts, folders.etc)) {
    if (mount.kind !== "ro-bind" || !mount.target.startsWith("/etc/")) continue;
    const place = join(folders.etc, mount.target.slice("/etc/".length));
    if (facts.kindOf(mount.source) === "dir") mkdirSync(place, { recursive: true, mode: 0o755 });
    else writeBelow(folders.etc, mount.target.slice("/etc/".length), "");
  }
}

/** Gives what was made ahead to a sandbox, which has none; what is not there any more is made when it is prepared. */
export function moveFolders(from: string, stateDir: string): void {
  try {
    renameSync(sandboxFolders(from).private, sandboxFolders(stateDir).private);
  } catch {
    // Somebody cleaned up.
  }
}

function makeFolders(folders: ReturnType<typeof sandboxFolders>): void {
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
  for (const [path, mode] of [
    [folders.empty, 0o444],
    // Mounted by its inode: whoever fills it writes in place.
    [folders.trustBundle, 0o644],
  ] as const) {
    writeFileSync(path, "", { flag: "a" });
    chmodSync(path, mode);
  }
}

function writeBelow(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  if (name.includes("/")) mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, text, { mode: 0o644 });
}
