import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";
import type { GuardedGitDir, GuardNote } from "../guard-plan.ts";
import type { HeldGitDir } from "./hold-git-dir.ts";
import { loadBase, saveBase } from "./mirror-base.ts";
import { makeScratch, readIndex } from "./read-index.ts";
import { maxStateBytes } from "./state-files.ts";

/**
 * Marks what is masked, in the copy's index, as not to be looked at (skip-worktree): git inside then neither shows the
 * emptied file as changed, nor commits it. Tells which of them the repository's history holds.
 */
export async function maskIndex(host: GuardHost, unit: HeldGitDir, tell: (note: GuardNote) => void): Promise<void> {
  const base = loadBase(host, unit);
  if (base === undefined || unit.masked === undefined) return;
  const file = host.readUntrusted(unit.privateDir, ["index"], maxStateBytes);
  if (file.is !== "file") return;
  const scratch = join(unit.privateDir, "..", "check");
  const { objectFormat, masked } = unit;
  const reading = await readIndex(host, scratch, { bytes: file.bytes, objectFormat, masked });
  const note = (path: string, detail: string) => tell({ path, action: "noticed", detail });
  if ("refusal" in reading) {
    note(unit.path, "its index could not be marked: git inside shows masked files as changed; do not commit them");
    return;
  }
  for (const path of reading.masked)
    note(path, `masked, but it is in the repository: its history still shows it to the agent (git show HEAD:${path})`);
  if (reading.masked.length === 0) return;
  const bytes = await markIndex(host, scratch, { bytes: file.bytes, objectFormat }, { hide: reading.masked });
  if (bytes === undefined) return;
  host.writeFile(join(unit.privateDir, "index"), bytes, { mode: 0o644, mtimeMs: file.mtimeMs });
  saveBase(host, unit, { ...base, index: reading.meaning });
}

/** An index with the marks of these paths set or taken off; undefined when git cannot. Remembers all else that it did. */
export async function markIndex(
  host: GuardHost,
  scratch: string,
  index: { readonly bytes: Uint8Array; readonly objectFormat: GuardedGitDir["objectFormat"] },
  marks: { readonly hide?: readonly string[]; readonly show?: readonly string[] },
): Promise<Buffer | undefined> {
  makeScratch(host, scratch, index);
  let worked = true;
  for (const [option, paths] of [
    ["--skip-worktree", marks.hide ?? []],
    ["--no-skip-worktree", marks.show ?? []],
  ] as const) {
    if (paths.length === 0) continue;
    const tree = [`--git-dir=${scratch}`, `--work-tree=${scratch}`];
    const input = Buffer.from(`${paths.join("\0")}\0`);
    const { code } = await host.git([...tree, "update-index", option, "-z", "--stdin"], { input });
    worked &&= code === 0;
  }
  const bytes = worked ? host.readOwn(join(scratch, "index")) : undefined;
  host.removeTree(scratch);
  return bytes;
}
