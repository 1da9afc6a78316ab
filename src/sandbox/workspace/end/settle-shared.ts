import { join } from "node:path";
import type { HeldGitDir } from "../git/hold-git-dir.ts";
import type { GuardHost } from "../guard-host.ts";
import type { Notebook } from "./notebook.ts";

const graceMs = 1000;
const maxEntries = 200_000;

interface FoundRef {
  /** Names from the git directory on. */
  readonly folder: readonly string[];
  readonly name: string;
}

/**
 * Cleans the refs, which were shared while the agent ran: no links or pipes among them, no lock of a git that died with
 * the sandbox.
 */
export async function settleShared(
  host: GuardHost,
  unit: HeldGitDir,
  sinceMs: number,
  notebook: Notebook,
): Promise<void> {
  if (!unit.shared.includes("refs")) return;
  const found = listOddRefs(host, unit.at, sinceMs);
  for (const ref of found.odd) remove(host, unit, ref, "a link or pipe among the refs: removed", notebook);
  // A lock may belong to a git of the person's that is at work: it has a moment to finish.
  if (found.locks.length > 0) await host.pause(graceMs);
  for (const ref of found.locks)
    remove(host, unit, ref, "the lock of a git that ended with the sandbox: removed", notebook);
}

function listOddRefs(
  host: GuardHost,
  gitDir: string,
  sinceMs: number,
): { readonly odd: readonly FoundRef[]; readonly locks: readonly FoundRef[] } {
  const [odd, locks, pending]: [FoundRef[], FoundRef[], (readonly string[])[]] = [[], [], [["refs"]]];
  let seen = 0;
  for (let folder = pending.pop(); folder !== undefined && seen < maxEntries; folder = pending.pop()) {
    for (const { name, kind } of host.list(join(gitDir, ...folder))) {
      seen += 1;
      if (kind === "folder") pending.push([...folder, name]);
      else if (kind !== "file") odd.push({ folder, name });
      else if (name.endsWith(".lock") && (host.look(join(gitDir, ...folder, name))?.ctimeMs ?? 0) >= sinceMs)
        locks.push({ folder, name });
    }
  }
  return { odd, locks };
}

function remove(
  host: GuardHost,
  unit: HeldGitDir,
  { folder, name }: FoundRef,
  detail: string,
  notebook: Notebook,
): void {
  using holder = host.holdFolder(unit.at, folder);
  const kind = holder && host.look(join(holder.path, name))?.kind;
  if (!holder || kind === undefined || kind === "folder") return;
  notebook.add({ path: join(unit.path, ...folder, name), action: "disarmed", detail });
  host.removeFile(join(holder.path, name));
}
