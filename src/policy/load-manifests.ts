import { Failure } from "../base/failure.ts";
import type { Manifest } from "../spec/manifest.ts";
import { policyFailure } from "./errors.ts";
import { expandPath } from "./expand-path.ts";
import type { ManifestLayer } from "./manifest-layer.ts";
import type { Note } from "./note.ts";

/** The one effect that manifests are loaded with: a file's text, undefined when it is not there or cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** Where manifests are looked for. */
export interface ManifestFiles {
  /** `caisson.yaml` of the workspace: data only. */
  readonly workspace?: string;
  /** The person's own, e.g. `~/.config/caisson/caisson.yaml`. */
  readonly personal?: string;
  /** `--manifest FILE`: has to be there. */
  readonly given?: string;
  readonly home: string;
}

/**
 * The manifests that are there, weakest first. A broken one of the person's own fails; a broken one in the workspace is a
 * warning, for a repository must not be able to stop what it does not bring. With no manifest nothing is parsed or loaded.
 */
export async function loadManifests(
  readText: ReadText,
  files: ManifestFiles,
): Promise<{ readonly layers: readonly ManifestLayer[]; readonly notes: readonly Note[] }> {
  const layers: ManifestLayer[] = [];
  const notes: Note[] = [];
  const own = [files.personal, files.given].filter((file) => file !== undefined);
  const workspaceText = files.workspace && !own.includes(files.workspace) ? readText(files.workspace) : undefined;
  if (files.workspace !== undefined && workspaceText !== undefined) {
    try {
      layers.push(
        await parseLayer(readText, {
          file: files.workspace,
          text: workspaceText,
          trust: "workspace",
          home: files.home,
        }),
      );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      notes.push({ level: "warning", code: "manifest_ignored", text: `ignored: ${error.message}` });
    }
  }
  for (const file of new Set(own)) {
    const text = readText(file);
    if (text === undefined && file === files.given) throw policyFailure("manifest_missing", { file });
    if (text !== undefined) layers.push(await parseLayer(readText, { file, text, trust: "own", home: files.home }));
  }
  return { layers, notes };
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
  const parsed = parseManifest(found.text, file);
  const texts = trust === "own" ? readNamed(readText, { file, dir, home, lineOf: parsed.lineOf }, parsed.manifest) : {};
  return { file, dir, trust, texts, ...parsed };
}

function readNamed(
  readText: ReadText,
  layer: {
    readonly file: string;
    readonly dir: string;
    readonly home: string;
    readonly lineOf: ManifestLayer["lineOf"];
  },
  manifest: Manifest,
): Readonly<Record<string, string>> {
  const named: (readonly [string | undefined, readonly (string | number)[]])[] = [
    ...manifest.routes.map((route, i) => ["host" in route ? route.extraCaFile : undefined, ["routes", i]] as const),
    ...Object.entries(manifest.providers).map(([name, p]) => [p.extraCaFile, ["providers", name]] as const),
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
