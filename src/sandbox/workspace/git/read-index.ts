import { createHash } from "node:crypto";
import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";
import type { GuardedGitDir } from "../guard-plan.ts";
import { isTreePath } from "./state-files.ts";

/** A digest of what an index says (paths, modes, objects, stages), or why it must not reach the host. */
export type IndexReading =
  | {
      readonly meaning: string;
      /** Paths that git is told not to look at (assume-unchanged, skip-worktree): their changes show in no status or diff. */
      readonly hides: readonly string[];
      /** Masked paths that are in it. */
      readonly masked: readonly string[];
    }
  | { readonly refusal: string };

/**
 * Reads an index that an agent may have left, in a git directory that holds nothing else. Git itself trusts an index:
 * `git checkout .` would write whatever path stands in it, a hook too. Two that differ only in what git remembers of the
 * files' times and owners mean the same.
 */
export async function readIndex(
  host: GuardHost,
  scratch: string,
  index: {
    readonly bytes: Uint8Array;
    readonly objectFormat: GuardedGitDir["objectFormat"];
    /** Whether such a path is hidden from git inside is ours to say: it is no part of the meaning. */
    readonly masked?: readonly string[] | undefined;
  },
): Promise<IndexReading> {
  makeScratch(host, scratch, index);
  const answer = await host.git([`--git-dir=${scratch}`, "ls-files", "--stage", "-v", "-z"]);
  host.removeTree(scratch);
  if (answer.code !== 0) return { refusal: "git cannot read it by itself" };
  const isMasked = new Set(index.masked);
  const masked: string[] = [];
  const hides: string[] = [];
  const meaning = createHash("sha256");
  for (const record of answer.stdout.toString().split("\0")) {
    if (record === "") continue;
    const path = record.slice(record.indexOf("\t") + 1);
    if (!/^[A-Za-z?] (100644|100755|120000|160000) /.test(record) || !isTreePath(path))
      return { refusal: `it holds the path ${JSON.stringify(path)}` };
    if (/^[a-zS]/.test(record)) hides.push(path);
    if (isMasked.has(path)) masked.push(path);
    meaning.update(`${isMasked.has(path) ? record.replace(/^S/, "H").replace(/^s/, "h") : record}\0`);
  }
  return { meaning: meaning.digest("hex"), hides, masked };
}

/** Makes a git directory that holds an index and nothing else. */
export function makeScratch(
  host: GuardHost,
  scratch: string,
  index: { readonly bytes: Uint8Array; readonly objectFormat: GuardedGitDir["objectFormat"] },
): void {
  host.removeTree(scratch);
  for (const folder of ["objects", "refs"]) host.makeFolder(join(scratch, folder), 0o700);
  const format =
    index.objectFormat === "sha1" ? "" : "\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n";
  host.writeFile(join(scratch, "HEAD"), "ref: refs/heads/none\n", { mode: 0o600 });
  host.writeFile(join(scratch, "config"), `[core]\n\tbare = true\n${format}`, { mode: 0o600 });
  host.writeFile(join(scratch, "index"), index.bytes, { mode: 0o600 });
}
