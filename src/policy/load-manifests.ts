import { Failure } from "../base/failure.ts";
import type { ManifestSandbox } from "../spec/manifest.ts";
import { policyFailure } from "./errors.ts";
import { expandPath } from "./expand-path.ts";
import type { ManifestLayer } from "./manifest-layer.ts";
import type { Note } from "./note.ts";

/** The one effect that manifests are loaded with: a file's text, undefined when it is not there or cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** A file that holds one agent (`agents/NAME.md`) or one sandbox (`sandboxes/NAME.yaml`). */
export interface EntryFileFound {
  readonly file: string;
  readonly part: "agents" | "sandboxes";
  readonly trust: ManifestLayer["trust"];
  /** Absolute folder that its relative paths start from. */
  readonly dir: string;
}

/** Where manifests are looked for. */
export interface ManifestFiles {
  /** `caisson.yaml` of the workspace: data only. */
  readonly workspace?: string;
  /** The person's own, e.g. `~/.config/caisson/caisson.yaml`. */
  readonly personal?: string;
  /** `--manifest FILE`: has to be there. */
  readonly given?: string;
  /** Agents and sandboxes with a file of their own; each is stronger than the `caisson.yaml` beside it. */
  readonly entries?: readonly EntryFileFound[];
  readonly home: string;
}

/**
 * The manifests that are there, weakest first. A broken one of the person's own fails; a broken one in the workspace is a
 * warning, for a repository must not be able to stop what it does not bring. An agent's or a sandbox's own file stops, when it
 * is broken, what uses it. With no manifest nothing is parsed or loaded.
 */
export async function loadManifests(
  readText: ReadText,
  files: ManifestFiles,
): Promise<{ readonly layers: readonly ManifestLayer[]; readonly notes: readonly Note[] }> {
  const layers: ManifestLayer[] = [];
  const notes: Note[] = [];
  const { home } = files;
  const own = [files.personal, files.given].filter((file) => file !== undefined);
  const workspaceText = files.workspace && !own.includes(files.workspace) ? readText(files.workspace) : undefined;
  if (files.workspace !== undefined && workspaceText !== undefined) {
    try {
      const found = { file: files.workspace, text: workspaceText, trust: "workspace", home } as const;
      layers.push(refuseTooMany(await parseLayer(readText, found)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      notes.push({ level: "warning", code: "manifest_ignored", text: `ignored: ${error.message}` });
    }
  }
  layers.push(...(await entryLayers(readText, files, "workspace")));
  for (const file of new Set(own)) {
    const text = readText(file);
    if (text === undefined && file === files.given) throw policyFailure("manifest_missing", { file });
    if (text !== undefined) layers.push(await parseLayer(readText, { file, text, trust: "own", home }));
    if (file === files.personal) layers.push(...(await entryLayers(readText, files, "own")));
  }
  return { layers, notes };
}

/** More than a repository has use for: each is looked at by every command that lists agents. */
const workspaceEntries = 500;

function refuseTooMany(layer: ManifestLayer): ManifestLayer {
  const { manifest, brokenAgents, brokenSandboxes, file } = layer;
  const parts = [manifest.agents, manifest.sandboxes, brokenAgents, brokenSandboxes];
  const count = parts.reduce((sum, part) => sum + Object.keys(part).length, 0);
  if (count <= workspaceEntries) return layer;
  const problem = `it has ${count} agents and sandboxes; a workspace may bring ${workspaceEntries}`;
  throw policyFailure("manifest_invalid", { file, line: 1, column: 1, problem });
}

async function entryLayers(
  readText: ReadText,
  { entries = [], home }: ManifestFiles,
  trust: ManifestLayer["trust"],
): Promise<readonly ManifestLayer[]> {
  const found = entries.filter((entry) => entry.trust === trust);
  if (found.length === 0) return [];
  const { parseEntry, unreadableEntry } = await import("./parse-entry.ts");
  return found.map((entry) => {
    const { file, dir } = entry;
    const text = readText(file);
    const parsed = text === undefined ? unreadableEntry(entry) : parseEntry(text, entry);
    return withTexts(readText, { file, dir, trust, ...parsed }, home);
  });
}

async function parseLayer(
  readText: ReadText,
  found: {
    readonly file: string;
    readonly text: string;
    readonly trust: ManifestLayer["trust"];
    readonly home: string;
  },
): Promise<ManifestLayer> {
  // Loaded only now: most launches have no manifest, and the parsers are the largest thing that this room needs.
  const { parseManifest } = await import("./parse-manifest.ts");
  const { file, trust, home } = found;
  const dir = file.slice(0, Math.max(file.lastIndexOf("/"), 0)) || "/";
  return withTexts(readText, { file, dir, trust, ...parseManifest(found.text, file) }, home);
}

/** The layer with the texts of the files that it names; one that a sandbox names and that is not there breaks that sandbox. */
function withTexts(readText: ReadText, layer: Omit<ManifestLayer, "texts">, home: string): ManifestLayer {
  if (layer.trust !== "own") return { ...layer, texts: {} };
  const { manifest } = layer;
  const brokenSandboxes = { ...layer.brokenSandboxes };
  let texts = readNamed(readText, { ...layer, home }, { rules: manifest, at: [] });
  for (const [name, rules] of Object.entries(manifest.sandboxes)) {
    try {
      texts = { ...texts, ...readNamed(readText, { ...layer, home }, { rules, at: ["sandboxes", name] }) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      brokenSandboxes[name] = error;
    }
  }
  return { ...layer, brokenSandboxes, texts };
}

function readNamed(
  readText: ReadText,
  layer: Pick<ManifestLayer, "file" | "dir" | "lineOf"> & { readonly home: string },
  { rules, at: base }: { readonly rules: ManifestSandbox; readonly at: readonly string[] },
): Readonly<Record<string, string>> {
  const named: (readonly [string | undefined, readonly (string | number)[]])[] = [
    ...(rules.routes ?? []).map(
      (route, i) => ["host" in route ? route.extraCaFile : undefined, [...base, "routes", i]] as const,
    ),
    ...Object.entries(rules.providers ?? {}).map(([n, p]) => [p.extraCaFile, [...base, "providers", n]] as const),
  ];
  const texts: Record<string, string> = {};
  for (const [path, at] of named) {
    if (path === undefined) continue;
    const text = readText(expandPath(path, layer));
    const line = layer.lineOf([...at, "extraCaFile"]);
    if (!text) throw policyFailure("manifest_file_missing", { file: layer.file, line, what: "extraCaFile", path });
    texts[path] = text;
  }
  return texts;
}
