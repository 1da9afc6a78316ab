import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../base/failure.ts";
import { holdLock } from "../host/hold-lock.ts";
import { removeTree } from "../host/process/remove-tree.ts";
import { isSameProcess, type ProcessIdentity } from "../host/process-identity.ts";
import { openJournal } from "../sandbox/journal.ts";
import { readJournal } from "../sandbox/read-journal.ts";
import { stateFolders, statePaths } from "../sandbox/state-paths.ts";
import type { GuardNote } from "../sandbox/workspace/guard-plan.ts";
import type { Metadata } from "../spec/state-files.ts";
import { aheadOf, endAhead } from "./end-ahead.ts";
import { openEventLog } from "./event-log.ts";
import { interruptionOf } from "./interrupted-session.ts";
import { type UndoHost, undoSteps } from "./launch-steps.ts";
import { metadataAt } from "./metadata-at.ts";
import { readEvents } from "./read-events.ts";
import { deadRehearsals } from "./rehearsal-place.ts";
import { sweepSpares } from "./spare-place.ts";
import { stateFailure } from "./state-failure.ts";
import { writeJson } from "./write-json.ts";

/** What settling one sandbox did. `settled: false` = its keeper lives, or somebody else is settling it right now. */
export interface Settlement {
  readonly slug: string;
  readonly settled: boolean;
  readonly leftovers: readonly string[];
}

/** Which engine made a sandbox, and where that is. */
export type EngineOf = Pick<Metadata, "engine" | "docker_host">;

/** What settling needs. */
export interface SettleHost {
  readonly stateRoot: string;
  /** What undoes the launch steps of a sandbox of this engine. */
  undoHost(of: EngineOf): Promise<UndoHost>;
  /** Ends what engines have of ours that no marker tells of (`isKept` says of which it does); by slug. */
  reapStrays(isKept: (slug: string) => boolean): Promise<readonly Settlement[]>;
  /** Ends exactly this process; returns whether it is gone. */
  endProcess(identity: ProcessIdentity): Promise<boolean>;
  now(): Date;
  /** Ends the gates that outlived their keeper's death, whichever it was; returns what is left. */
  reapGates(): Promise<readonly string[]>;
}

/**
 * Resolves when every marker tells whose it is, or that its writer died in the middle of the write: after two seconds, where there is
 * such a one. For whoever is asked to leave nothing; a keeper that settles beside its launch leaves it to the next.
 */
export async function markersTold(stateRoot: string): Promise<void> {
  const isUntold = (slug: string) => {
    const { open } = statePaths(stateRoot, slug);
    return readIdentity(open) === undefined && isFresh(open);
  };
  // Not for ever: a file may be from tomorrow.
  for (const end = performance.now() + 2 * freshMs; performance.now() < end; await sleep(freshMs / 20))
    if (!openSlugs(stateRoot).some(isUntold)) return;
}

/** Settles every sandbox whose keeper is gone: undoes what its journal began, writes how it ended. Safe to run at any time, by many. */
export async function settleAll(host: SettleHost): Promise<readonly Settlement[]> {
  sweepSpares(host.stateRoot);
  const gates = await host.reapGates();
  return [
    ...(gates.length === 0 ? [] : [{ slug: "gate", settled: true, leftovers: gates }]),
    ...(await settleRoot(host)),
    ...(await settleRehearsals(host)),
  ];
}

async function settleRoot(host: SettleHost): Promise<readonly Settlement[]> {
  const done: Settlement[] = [];
  for (const slug of openSlugs(host.stateRoot)) done.push(await settleSandbox(host, slug));
  return done;
}

/** What keepers left that were killed while they rehearsed: told only where something of it cannot be taken away. */
async function settleRehearsals(host: SettleHost): Promise<readonly Settlement[]> {
  const left: Settlement[] = [];
  for (const { folder, stateRoot } of deadRehearsals(host.stateRoot)) {
    left.push(...(await settleRoot({ ...host, stateRoot })).filter(({ leftovers }) => leftovers.length > 0));
    // Somebody else may be settling it right now.
    if (openSlugs(stateRoot).length > 0) continue;
    const failed = removeTree(folder);
    if (failed !== undefined) left.push({ slug: "rehearsal", settled: true, leftovers: [failed] });
  }
  return left;
}

function openSlugs(stateRoot: string): readonly string[] {
  try {
    return readdirSync(stateFolders(stateRoot).open);
  } catch {
    return []; // Nothing was ever launched.
  }
}

const unreadable = "metadata.json cannot be read: the sandbox is of another version of caisson, which can clean it up";

/** Settles one sandbox. A half-made one (no metadata yet) is removed whole: nothing of it was ever usable. */
export async function settleSandbox(host: SettleHost, slug: string): Promise<Settlement> {
  const paths = statePaths(host.stateRoot, slug);
  const untouched = { slug, settled: false, leftovers: [] };
  if (!existsSync(paths.open)) return { ...untouched, settled: true };
  if (isOwned(paths.open)) return untouched;
  const ahead = aheadOf(paths);
  if (ahead !== undefined) return (await settleAhead(host, slug, ahead)) ?? untouched;
  if (!existsSync(paths.metadata)) return removeHalfMade(host, slug) ? { ...untouched, settled: true } : untouched;
  // There is something to undo, and its journal alone knows what: not to be taken for a half-made one.
  if (!metadataAt(paths.metadata)) return { slug, settled: true, leftovers: [unreadable] };
  using lock = holdLock(paths.settleLock);
  if (!lock) return untouched;
  const leftovers = await undoDead(host, slug);
  if (leftovers === undefined) return untouched;
  // Once the marker is gone there is nothing to do for whoever holds a lock, be it on this file or on a new one.
  if (!existsSync(paths.open)) rmSync(paths.settleLock, { force: true });
  return { slug, settled: true, leftovers };
}

/** Settles under the lock; undefined = it is not to be settled after all. */
async function undoDead(host: SettleHost, slug: string): Promise<readonly string[] | undefined> {
  const paths = statePaths(host.stateRoot, slug);
  // Looked at again, now that nobody else settles: somebody may have finished since.
  if (!existsSync(paths.open)) return [];
  const metadata = metadataAt(paths.metadata);
  if (!metadata || isOwned(paths.open)) return undefined;
  const undoing = await undoHostOf(host, metadata);
  if ("leftovers" in undoing) return undoing.leftovers;
  const journal = openJournal(paths.journal, host.now);
  const notes: GuardNote[] = [];
  const leftovers = await undoSteps(undoing, paths, readJournal(paths.journal), {
    ...journal,
    noted: (told) => notes.push(...told),
  });
  journal.close();
  rmSync(paths.socket, { force: true });
  removeTemporaries(paths.dir);
  try {
    recordEnd(host, paths, metadata, { leftovers, notes });
  } catch (error) {
    const failure = stateFailure(host.stateRoot, error);
    if (!(failure instanceof Failure)) throw error;
    return [...leftovers, failure.message]; // All of it is gone; whoever settles next tells how it ended.
  }
  if (leftovers.length === 0) rmSync(paths.open, { force: true });
  return leftovers;
}

/** What the engine lacks to undo anything (it is gone from this machine) is told as what is left. */
async function undoHostOf(
  host: SettleHost,
  of: EngineOf,
): Promise<UndoHost | { readonly leftovers: readonly string[] }> {
  try {
    return await host.undoHost(of);
  } catch (error) {
    if (error instanceof Failure) return { leftovers: [error.message] };
    throw error;
  }
}

/** Ends what engines have of ours that nothing on disk tells of any more: containers whose state folder was deleted. */
export function settleStrays(host: SettleHost): Promise<readonly Settlement[]> {
  return host.reapStrays((slug) => existsSync(statePaths(host.stateRoot, slug).open));
}

/** What a spare had made and no run took. Under the lock of half-made ones, which it is; undefined = somebody else is at it. */
async function settleAhead(host: SettleHost, slug: string, of: EngineOf): Promise<Settlement | undefined> {
  const paths = statePaths(host.stateRoot, slug);
  using lock = holdLock(stateFolders(host.stateRoot).removalLock);
  if (!lock || isOwned(paths.open) || aheadOf(paths) === undefined) return undefined;
  const undoing = await undoHostOf(host, of);
  if ("leftovers" in undoing) return { slug, settled: true, leftovers: undoing.leftovers };
  return { slug, settled: true, leftovers: await endAhead(undoing, paths, openJournal(paths.journal, host.now)) };
}

/** Under a lock that does not go with the sandbox's folder, as its own would. False = somebody else is at it. */
function removeHalfMade(host: SettleHost, slug: string): boolean {
  const paths = statePaths(host.stateRoot, slug);
  using lock = holdLock(stateFolders(host.stateRoot).removalLock);
  if (!lock || isOwned(paths.open) || existsSync(paths.metadata)) return false;
  rmSync(paths.dir, { recursive: true, force: true });
  rmSync(paths.open, { force: true });
  return true;
}

/** Whether a marker's keeper lives. One that is empty or cut: its writer died within the write, or is just about to finish it. */
function isOwned(marker: string): boolean {
  const owner = readIdentity(marker);
  return owner ? isSameProcess(owner) : isFresh(marker);
}

/** Writes what the keeper could not: how the run ended. What it did write, an end before its death, stays. */
function recordEnd(
  host: SettleHost,
  paths: ReturnType<typeof statePaths>,
  metadata: Metadata,
  found: { readonly leftovers: readonly string[]; readonly notes: readonly GuardNote[] },
): void {
  const { slug, startedAt } = metadata;
  const told = readEvents(paths.events);
  // Of the last launch: one that was resumed has ended before.
  const launch = told.slice(told.findLastIndex(({ event }) => event === "sandbox_launching") + 1);
  const isTold = launch.some(({ event }) => event === "run_completed");
  const lastWrite = statSync(paths.events, { throwIfNoEntry: false })?.mtime ?? new Date(startedAt);
  const end = metadata.end ?? "interrupted";
  const exitCode = metadata.exitCode ?? null;
  const durationMs = Math.max(0, lastWrite.getTime() - new Date(startedAt).getTime());
  const events = openEventLog(paths.events, metadata.agent, host.now);
  for (const draft of interruptionOf(told)) events.append(draft);
  for (const note of found.notes) events.append({ event: "workspace_guarded", ...note });
  if (!isTold) events.append({ event: "run_completed", slug, end, exitCode, durationMs });
  events.append({ event: "sandbox_stopped", slug, leftovers: [...found.leftovers] });
  events.close();
  if (metadata.end === undefined)
    writeJson(paths.metadata, { ...metadata, end, exitCode, endedAt: lastWrite.toISOString() });
}

function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** What `writeJson` had begun when its process was killed. */
function removeTemporaries(dir: string): void {
  for (const name of readdirSync(dir)) if (/\.\d+\.tmp$/.test(name)) rmSync(join(dir, name), { force: true });
}

const freshMs = 2000;
const isFresh = (path: string) => Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < freshMs;
