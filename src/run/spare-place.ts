import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endProcess } from "../host/end-process.ts";
import { isSameProcess, type ProcessIdentity } from "../host/process-identity.ts";

/** Where a spare waits, below the state folder; `bin/caisson` knows these names, too. */
export function sparePlace(folder: string) {
  return {
    folder,
    /** Pipes: what a caller asks, what it is answered. */
    ask: join(folder, "ask"),
    answer: join(folder, "answer"),
    /** Made by whoever takes the spare; there can be one. */
    claimed: join(folder, "claimed"),
    /** Which process waits. */
    process: join(folder, "process"),
    /** Why it did not serve the last caller. */
    refused: join(folder, "refused"),
  } as const;
}

/** The folder of the spare that waits. */
export const spareFolder = (stateRoot: string): string => join(stateRoot, "spare");

/** The spare that waits here, when one does. */
export function findSpare(folder: string): ProcessIdentity | undefined {
  try {
    const identity = JSON.parse(readFileSync(sparePlace(folder).process, "utf8")) as ProcessIdentity;
    return isSameProcess(identity) ? identity : undefined;
  } catch {
    return undefined;
  }
}

/** It ends its keeper first, which takes moments. */
const graceMs = 4000;

/**
 * Ends the spare that waits, with its keeper and gate, and removes what is left of one. `none` when there was nothing,
 * `failed` when it could not be ended.
 */
export async function endSpare(stateRoot: string): Promise<"ended" | "none" | "failed"> {
  const folder = spareFolder(stateRoot);
  const identity = findSpare(folder);
  if (identity !== undefined) {
    try {
      process.kill(identity.pid, "SIGTERM");
    } catch {
      // It ended between the look and the signal.
    }
    for (let waited = 0; waited < graceMs && isSameProcess(identity); waited += 10) await sleep(10);
    if (!(await endProcess(identity))) return "failed";
  }
  rmSync(folder, { recursive: true, force: true });
  return identity === undefined ? "none" : "ended";
}
