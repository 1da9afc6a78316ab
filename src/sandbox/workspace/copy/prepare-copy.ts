import { chownSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { ProgramsOutside } from "../../../host/programs-outside.ts";
import { isWithin } from "../facts/path-within.ts";
import { formatConfig } from "../git/config-entry.ts";
import { listConfig } from "../git/list-config.ts";
import { seedConfig } from "../git/seed-config.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardNote } from "../guard-plan.ts";
import { readWorkspaceFacts } from "../read-workspace-facts.ts";
import { storeBase, writeBaseline } from "./baseline.ts";
import { copyPaths } from "./copy-paths.ts";
import { type CopyNote, type CopyOptions, copyTreeWhole } from "./copy-tree.ts";
import { copyFailure } from "./errors.ts";
import { createStore } from "./git-store.ts";
import { maskCopiedIndex } from "./mask-copied-index.ts";
import type { TreeHost } from "./tree-host.ts";

/** What making a copy needs of the outside. `programs` has the git that is run. */
export interface CopyPlace {
  readonly host: TreeHost;
  readonly guardHost: GuardHost;
  readonly programs: ProgramsOutside;
  readonly home: string;
  readonly stateRoot: string;
}

/** What a copy came to. */
export interface CopyReport {
  readonly files: number;
  readonly bytes: number;
  readonly notes: readonly GuardNote[];
}

/** More notes than this are summed up. */
const maxNotes = 20;

/**
 * Copies a workspace and remembers what it was. Nothing is changed outside the state folder; the copy counts only once its
 * baseline is written, which comes last.
 */
export async function prepareCopy(
  place: CopyPlace,
  request: {
    readonly dir: string;
    readonly stateDir: string;
    readonly maxBytes: number;
    readonly owner?: CopyOptions["owner"];
    /** Paths whose content is left out: empty in the copy. */
    readonly masked: readonly string[];
  },
  watch: Pick<CopyOptions, "signal" | "progress">,
): Promise<CopyReport> {
  const { host, guardHost } = place;
  const { dir, stateDir } = request;
  const paths = copyPaths(stateDir);
  const facts = await readWorkspaceFacts(guardHost, { dir, home: place.home, stateRoot: place.stateRoot });
  for (const folder of [paths.dir, paths.tree, paths.scratch]) mkdirSync(folder, { mode: 0o700 });
  // Names are bytes here.
  const masked = new Set(request.masked.map((path) => Buffer.from(path).toString("latin1")));
  using from = host.hold(dir, []);
  using to = host.hold(paths.tree, []);
  if (!from || !to) throw copyFailure("apply_folder_missing", { dir });
  const copied = await copyTreeWhole(
    host,
    { from, to, name: dir },
    {
      ...watch,
      maxBytes: request.maxBytes,
      owner: request.owner,
      rewrite: async (path, read) => (masked.has(path) ? Buffer.alloc(0) : withoutSecrets(guardHost, path, read)),
    },
  );
  if (request.owner) chownSync(paths.tree, request.owner.uid, request.owner.gid);
  const exclude = readOr(join(paths.tree, ".git/info/exclude"));
  const store = createStore(place.programs, paths.store, { exclude });
  const base = await storeBase(host, store, to, watch.signal);
  const bytesOf = (path: string) => Buffer.from(relative(dir, path)).toString("latin1");
  const obeyed = [...facts.present, ...facts.hookFolders.map(({ path }) => path)].filter((path) => isWithin(path, dir));
  writeBaseline(stateDir, {
    version: 1,
    dir,
    files: copied.files,
    bytes: copied.bytes,
    protected: obeyed.map(bytesOf).filter((path) => path !== ""),
    tracked: await readTracked(place.programs, paths.tree, paths.scratch),
    ...base,
  });
  const history = await maskCopiedIndex(guardHost, paths, request.masked);
  const notes = [...outsideGit(paths.tree), ...history, ...summed(copied.notes)];
  return { files: copied.files, bytes: copied.bytes, notes };
}

/** A git configuration as the agent may see it: no password, no token. */
async function withoutSecrets(
  host: GuardHost,
  path: string,
  read: () => Buffer | undefined,
): Promise<Buffer | undefined> {
  if (!/(^|\/)\.git\/([^/]+\/)*config(\.worktree)?$/.test(path)) return undefined;
  const bytes = read();
  const entries = bytes && (await listConfig(host, bytes));
  // What git cannot read may hold a secret all the same.
  return Buffer.from(entries === undefined ? "" : formatConfig(seedConfig(entries)));
}

/** Paths in the repository's index, read in an empty repository of ours; none when it cannot be read by itself. */
async function readTracked(programs: ProgramsOutside, tree: string, scratch: string): Promise<readonly string[]> {
  const dir = join(scratch, "index");
  const store = createStore(programs, dir);
  try {
    copyFileSync(join(tree, ".git/index"), join(dir, "index"));
    const { code, stdout } = await store.run(["ls-files", "-z", "--cached"]);
    return code === 0 ? stdout.toString("latin1").split("\0").filter(Boolean) : [];
  } catch {
    return []; // No repository, or one whose index lies elsewhere.
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function outsideGit(tree: string): readonly GuardNote[] {
  const isFile = statSync(join(tree, ".git"), { throwIfNoEntry: false })?.isFile() === true;
  const detail = "the repository of this folder lies elsewhere: git does not work inside the copy";
  return isFile ? [{ path: ".git", action: "noticed", detail }] : [];
}

function summed(notes: readonly CopyNote[]): readonly GuardNote[] {
  const shown = notes.slice(0, maxNotes).map(({ path, detail }): GuardNote => {
    return { path: Buffer.from(path, "latin1").toString(), action: "noticed", detail };
  });
  const more = notes.length - shown.length;
  return more <= 0 ? shown : [...shown, { path: ".", action: "noticed", detail: `${more} more were left out` }];
}

function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
