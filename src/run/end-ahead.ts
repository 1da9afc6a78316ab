import { existsSync, readdirSync, rmSync } from "node:fs";
import type { FileJournal } from "../sandbox/journal.ts";
import { readJournal } from "../sandbox/read-journal.ts";
import { stateFolders, statePaths } from "../sandbox/state-paths.ts";
import type { Metadata } from "../spec/state-files.ts";
import { type UndoHost, undoSteps } from "./launch-steps.ts";

type Paths = ReturnType<typeof statePaths>;

/**
 * The engine that a spare's keeper makes, or has made, something in for a sandbox without a run: its journal begins with it. Undefined
 * for a sandbox that has a run (its metadata says the engine), and for one that was hardly begun.
 */
export function aheadOf(
  paths: Pick<Paths, "journal" | "metadata">,
): Pick<Metadata, "engine" | "docker_host"> | undefined {
  if (existsSync(paths.metadata)) return undefined;
  const { engine, docker_host } = readJournal(paths.journal)[0]?.data ?? {};
  return engine === "docker" && typeof docker_host === "string" ? { engine, docker_host } : undefined;
}

/**
 * Undoes what was made ahead from its journal alone, and removes its folder and marker when nothing is left. Closes the journal, which
 * is told. Returns leftovers.
 */
export async function endAhead(host: UndoHost, paths: Paths, journal: FileJournal): Promise<readonly string[]> {
  const leftovers = await undoSteps(host, paths, readJournal(paths.journal), { ...journal, noted: () => {} });
  journal.close();
  if (leftovers.length > 0) return leftovers;
  rmSync(paths.dir, { recursive: true, force: true });
  rmSync(paths.open, { force: true });
  return [];
}

/** Slugs under which something was made ahead that has no run yet, whoever's keeper lives. */
export function listAhead(stateRoot: string): readonly string[] {
  try {
    return readdirSync(stateFolders(stateRoot).open).filter((slug) => aheadOf(statePaths(stateRoot, slug)));
  } catch {
    return []; // Nothing was ever launched.
  }
}
