import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { projectRoot } from "./entry-point.ts";

/** Where to look for a program, besides what Caisson brings itself. */
export interface SearchPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Folder with programs that came with Caisson; they are started with Caisson's own Node. */
  readonly own?: string;
}

/** An agent's CLI as the sandbox can have it. */
export interface AgentCli {
  /** Absolute path without links: what to start inside. */
  readonly binary: string;
  /** From its package's or folder's name; a program that was not installed so has none here. */
  readonly version?: string;
  readonly tools: {
    /** Folders (or files) of the machine that must be visible inside, read-only. */
    readonly dirs: readonly string[];
    /** Folders that must be on PATH inside: of the CLI's own Node, for one. */
    readonly path: readonly string[];
  };
}

/**
 * Finds the first of `names` on PATH, in `~/.local/bin`, under nvm, and beside Caisson; undefined when it is nowhere.
 * Starts nothing. What it names as visible is as narrow as it can be: never the home itself, never a shared `bin`.
 */
export function findAgentCli(names: readonly string[], places: SearchPlaces): AgentCli | undefined {
  const own = places.own ?? ownPrograms();
  const file = searchFolders(places, own)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
  if (file === undefined) return undefined;
  const binary = realpathSync.native(file);
  // Its own Node when it is a script for one; else the person's, since the agent's work may need it.
  const node = startsWithNode(binary) ? nodeFor(file, places, own) : firstOnPath("node", places);
  const programs = [file, ...(node === undefined ? [] : [node])].filter((program) => !isSystem(program));
  const dirs = [...new Set(programs.map((program) => visiblePart(realpathSync.native(program), places.home)))];
  const isVisible = (folder: string) => dirs.some((dir) => `${folder}/`.startsWith(`${dir}/`));
  const path = programs.map((program) => {
    const folder = dirname(program);
    return isVisible(folder) ? folder : dirname(realpathSync.native(program));
  });
  const version = versionOf(binary);
  return {
    binary,
    ...(version === undefined ? {} : { version }),
    tools: { dirs, path: [...new Set(path.toReversed())] },
  };
}

/** What every sandbox sees anyway. */
const isSystem = (file: string) => /^\/(usr|bin|sbin|lib|lib64)\//.test(realpathSync.native(file));

/** The folders that are searched, in order. */
function searchFolders({ environment, home }: SearchPlaces, own: string): readonly string[] {
  const path = (environment.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  const nvm = join(environment.NVM_DIR ?? join(home, ".nvm"), "versions/node");
  return [...path, join(home, ".local/bin"), ...nvmFolders(nvm), own];
}

const ownPrograms = () => join(projectRoot(), "node_modules/.bin");

/** The `bin` folders of nvm's Nodes, newest first. */
function nvmFolders(versions: string): readonly string[] {
  const names = existsSync(versions) ? readdirSync(versions) : [];
  // Padded, so that v9 sorts below v10: a collator that knows numbers takes 5 ms to load, on every start.
  const sortable = (name: string) => name.replace(/\d+/g, (digits) => digits.padStart(9, "0"));
  const newestFirst = (a: string, b: string) => (sortable(a) < sortable(b) ? 1 : -1);
  return names.toSorted(newestFirst).map((name) => join(versions, name, "bin"));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether it is a script that `env node` is to run. */
function startsWithNode(file: string): boolean {
  const head = Buffer.alloc(64);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, head, 0, head.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return /^#![^\n]*\bnode\b/.test(head.toString("latin1"));
}

/** The Node that a script was installed with: beside it; Caisson's own for what Caisson brought; else the first on PATH. */
function nodeFor(file: string, places: SearchPlaces, own: string): string {
  const beside = join(dirname(file), "node");
  if (isExecutable(beside)) return beside;
  const isOwn = dirname(file) === own || realpathSync.native(file).startsWith(`${dirname(own)}/`);
  return (isOwn ? undefined : firstOnPath("node", places)) ?? process.execPath;
}

function firstOnPath(name: string, { environment }: SearchPlaces): string | undefined {
  const folders = (environment.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** What of the machine a program needs to be seen with, narrow: its packages, its version's folder, or the file alone. */
function visiblePart(file: string, home: string): string {
  const packages = /^(.*?\/node_modules)\//.exec(file)?.[1];
  if (packages !== undefined) return packages;
  const store = /^\/nix\/store(?=\/)/.exec(file)?.[0];
  if (store !== undefined) return store;
  const prefix = dirname(dirname(file));
  const isShared = [home, join(home, ".local"), "/", "/usr", "/usr/local", "/opt"].includes(prefix);
  // A shim (pyenv, rbenv, asdf) is a script that asks its version manager what to run: that lies beside it.
  const isShim = basename(dirname(file)) === "shims";
  return (isShim || existsSync(join(prefix, "lib/node_modules"))) && !isShared ? prefix : file;
}

function versionOf(binary: string): string | undefined {
  // The native installer names the file for its version: ~/.local/share/claude/versions/2.1.0.
  if (/^\d+\.\d+\.\d+/.test(basename(binary))) return basename(binary);
  for (let folder = dirname(binary); basename(folder) !== "node_modules" && folder !== "/"; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (binary.includes("/node_modules/") && existsSync(manifest)) return readVersion(manifest);
  }
  return undefined;
}

function readVersion(manifest: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version?: unknown };
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
