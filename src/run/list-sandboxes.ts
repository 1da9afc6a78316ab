import { existsSync, readdirSync, statSync } from "node:fs";
import { isSameProcess } from "../host/process-identity.ts";
import { stateFolders, statePaths } from "../sandbox/state-paths.ts";
import type { Metadata } from "../spec/state-files.ts";
import { runFailure } from "./errors.ts";
import { metadataAt } from "./metadata-at.ts";

/** `interrupted` = its keeper is gone and nobody has settled it yet, or somebody has and its end says so. */
export type SandboxState = "running" | "ended" | "interrupted";

/** One row of `ls`: the metadata and what is true now. */
export interface ListedSandbox {
  readonly metadata: Metadata;
  readonly state: SandboxState;
  /** Whether something of it may remain: `caisson cleanup` finishes it. */
  readonly unsettled: boolean;
  /** When its keeper was last known to write something, for an interrupted one. */
  readonly lastSeen: Date;
}

/** What is known of one sandbox; undefined when there is none, or its folder was cut off before metadata was written. */
export function inspectSandbox(root: string, slug: string): ListedSandbox | undefined {
  const paths = statePaths(root, slug);
  const seen = metadataAt(paths.metadata);
  if (seen === undefined) return undefined;
  // It may have written how it ended, and gone, since that was read: what a dead keeper left is read after its death.
  const metadata = isSameProcess(seen.keeper) ? seen : (metadataAt(paths.metadata) ?? seen);
  const alive = isSameProcess(metadata.keeper);
  const isOpen = existsSync(paths.open);
  const state =
    metadata.end === undefined
      ? alive
        ? "running"
        : "interrupted"
      : metadata.end === "interrupted"
        ? "interrupted"
        : // A keeper whose sandbox is gone stays a moment, to settle what others left.
          alive && isOpen
          ? "running"
          : "ended";
  return {
    metadata,
    state,
    unsettled: isOpen && !alive,
    lastSeen: lastWrite([paths.events, paths.log, paths.metadata]),
  };
}

function lastWrite(files: readonly string[]): Date {
  return new Date(Math.max(...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0)));
}

/** All sandboxes, newest first; the truth at this moment, also after `kill -9` and power cuts. */
export function listSandboxes(root: string): readonly ListedSandbox[] {
  return slugs(stateFolders(root).sandboxes)
    .map((slug) => inspectSandbox(root, slug))
    .filter((row) => row !== undefined)
    .sort((a, b) => b.metadata.startedAt.localeCompare(a.metadata.startedAt));
}

function slugs(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Finds one sandbox by slug, by label, or by an unambiguous beginning of its slug. Throws `sandbox_not_found`, `sandbox_ambiguous`. */
export function findSandbox(root: string, name: string): ListedSandbox {
  const rows = listSandboxes(root);
  const exact = rows.filter((row) => row.metadata.slug === name);
  const byLabel = rows.filter((row) => row.metadata.label === name);
  // Of several with one label, the running one is meant, else the newest.
  const labelled =
    byLabel.filter((row) => row.state === "running").length === 1
      ? byLabel.filter((row) => row.state === "running")
      : byLabel.slice(0, 1);
  const found =
    [exact, labelled, name === "" ? [] : rows.filter((row) => row.metadata.slug.startsWith(name))].find(
      (list) => list.length > 0,
    ) ?? [];
  const [first] = found;
  if (!first) throw runFailure("sandbox_not_found", { slug: name });
  if (found.length > 1)
    throw runFailure("sandbox_ambiguous", { slug: name, matches: found.map((row) => row.metadata.slug) });
  return first;
}
