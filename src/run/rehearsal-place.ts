import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type ProcessIdentity, readStartTicks } from "../host/process-identity.ts";

/** Where a keeper rehearses: a state root of its own, so that no list shows it, and beside that an empty workspace. */
export function rehearsalPlace(stateRoot: string, { pid, startTicks }: Pick<ProcessIdentity, "pid" | "startTicks">) {
  const folder = join(stateRoot, `rehearsal.${pid}.${startTicks}`);
  return { folder, stateRoot: join(folder, "state"), workspace: join(folder, "workspace") } as const;
}

/** The rehearsals below a state root whose keeper is gone: what is left of them is nobody's. */
export function deadRehearsals(stateRoot: string): readonly ReturnType<typeof rehearsalPlace>[] {
  return namesIn(stateRoot).flatMap((name) => {
    const [, pid = "", startTicks = ""] = /^rehearsal\.(\d+)\.(\d*)$/.exec(name) ?? [];
    if (pid === "" || (startTicks !== "" && readStartTicks(Number(pid)) === startTicks)) return [];
    return [rehearsalPlace(stateRoot, { pid: Number(pid), startTicks })];
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Nothing was ever launched.
  }
}
