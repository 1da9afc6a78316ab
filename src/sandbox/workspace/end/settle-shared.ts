import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";
import type { GuardedGitDir } from "../guard-plan.ts";
import type { Notebook } from "./notebook.ts";

const graceMs = 1000;
const maxEntries = 200_000;

/**
 * Cleans the refs, which were shared while the agent ran: no links or pipes among them, no lock of a git that died with
 * the sandbox.
 */
export async function settleShared(
  host: GuardHost,
  unit: GuardedGitDir,
  sinceMs: number,
  notebook: Notebook,
): Promise<void> {
  if (!unit.shared.includes("refs")) return;
  const found = listOddRefs(host, join(unit.path, "refs"), sinceMs);
  for (const path of found.odd) {
    notebook.add({ path, action: "disarmed", detail: "a link or pipe among the refs: removed" });
    host.removeTree(path);
  }
  // A lock may belong to a git of the person's that is at work: it has a moment to finish.
  if (found.locks.length > 0) await host.pause(graceMs);
  for (const path of found.locks.filter((each) => host.look(each) !== undefined)) {
    notebook.add({ path, action: "disarmed", detail: "the lock of a git that ended with the sandbox: removed" });
    host.removeFile(path);
  }
}

function listOddRefs(
  host: GuardHost,
  folder: string,
  sinceMs: number,
): { readonly odd: string[]; readonly locks: string[] } {
  const [odd, locks, pending]: [string[], string[], string[]] = [[], [], [folder]];
  for (let seen = 0; pending.length > 0 && seen < maxEntries; ) {
    const at = pending.pop() ?? folder;
    for (const { name, kind } of host.list(at)) {
      seen += 1;
      const path = join(at, name);
      if (kind === "folder") pending.push(path);
      else if (kind !== "file") odd.push(path);
      else if (name.endsWith(".lock") && (host.look(path)?.ctimeMs ?? 0) >= sinceMs) locks.push(path);
    }
  }
  return { odd, locks };
}
