import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
    /** Of one for docker: `AheadAnswer`. */
    ahead: join(folder, "ahead"),
  } as const;
}

/** The slug of what a spare for docker has made there, or why it has nothing. */
export type AheadAnswer = { readonly slug: string } | { readonly problem: string };

/** The folder of the spare that waits. */
export const spareFolder = (stateRoot: string): string => join(stateRoot, "spare");

/** Holds the word of the spares that are wanted: what boots with another word, or finds none, ends. `bin/caisson` reads it. */
const wantedFile = (stateRoot: string): string => join(stateRoot, "spare.wanted");

/**
 * Asks for spares that wait so long (ms), for the engine that was named. Returns their word, which begins with that number and the
 * engine; those of before are unwanted.
 */
export function wantSpares(
  stateRoot: string,
  idleMilliseconds: number,
  engine: "local" | "docker" | undefined,
): string {
  const word = [idleMilliseconds, ...(engine === "docker" ? ["docker"] : []), randomUUID()].join("-");
  mkdirSync(stateRoot, { recursive: true, mode: 0o700 });
  writeFileSync(wantedFile(stateRoot), `${word}\n`, { mode: 0o600 });
  return word;
}

/** Whether a spare of this word is one for docker. `bin/caisson` asks it, too. */
export const isForDocker = (word: string): boolean => word.includes("-docker-");

/** Whether spares of this word are still wanted. */
export function isWanted(stateRoot: string, word: string): boolean {
  try {
    return readFileSync(wantedFile(stateRoot), "utf8") === `${word}\n`;
  } catch {
    return false;
  }
}

/** From here on none is wanted. */
export const wantNoSpares = (stateRoot: string): void => rmSync(wantedFile(stateRoot), { force: true });

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
 * Ends the spare that waits, with its keeper and gate, and removes what is left of any. One that boots right now, or would
 * after a run of now, ends by itself. `none` when none waited, `failed` when it could not be ended.
 */
export async function endSpare(stateRoot: string): Promise<"ended" | "none" | "failed"> {
  // First: one that comes to wait after our look sees it.
  wantNoSpares(stateRoot);
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
  removeDrafts(stateRoot);
  return identity === undefined ? "none" : "ended";
}

/**
 * Removes what dead spares left: one that was killed after somebody had claimed it is nobody's to remove else. One that lives, or
 * boots, is not touched.
 */
export function sweepSpares(stateRoot: string): void {
  const folder = spareFolder(stateRoot);
  const aside = join(stateRoot, `spare.${process.pid}`);
  if (existsSync(sparePlace(folder).process) && findSpare(folder) === undefined) {
    try {
      renameSync(folder, aside);
      // Another one may have taken its place in between.
      if (findSpare(aside) !== undefined) renameSync(aside, folder);
    } catch {
      // Somebody else removes it.
    }
  }
  removeDrafts(stateRoot, (pid) => pid === process.pid || !existsSync(`/proc/${pid}`));
}

/** Of those that boot, or were killed while they did. */
function removeDrafts(stateRoot: string, isDead: (pid: number) => boolean = () => true): void {
  try {
    for (const name of readdirSync(stateRoot))
      if (/^spare\.\d+$/.test(name) && isDead(Number(name.slice("spare.".length))))
        rmSync(join(stateRoot, name), { recursive: true, force: true });
  } catch {
    // There is no state folder yet.
  }
}
