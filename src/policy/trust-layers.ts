import type { ManifestLayer } from "./manifest-layer.ts";
import type { Note } from "./note.ts";
import { defaultLimit, type LimitName, parseLimit } from "./resolve-limits.ts";

/** The layers with all that a workspace may not bring taken out; each thing taken out is named in a note. */
export function trustLayers(layers: readonly ManifestLayer[]): {
  readonly layers: readonly ManifestLayer[];
  readonly notes: readonly Note[];
} {
  const notes: Note[] = [];
  const kept = layers.map((layer) => {
    if (layer.trust === "own") return layer;
    const { manifest, note } = agentsAlone(layer);
    if (note) notes.push(note);
    return { ...layer, manifest };
  });
  return { layers: kept, notes };
}

function agentsAlone(layer: ManifestLayer) {
  const { manifest } = layer;
  const [low, high] = splitLimits(layer);
  const ignored = [
    list(
      "routes",
      manifest.routes.map((r) => ("preset" in r ? r.preset : r.host)),
    ),
    list("credentials", Object.keys(manifest.credentials)),
    list(
      "mounts",
      manifest.mounts.map((m) => m.source),
    ),
    list("services", Object.keys(manifest.services)),
    list("ports", manifest.ports.map(String)),
    list("providers", Object.keys(manifest.providers)),
    list("environment", Object.keys(manifest.environment)),
    list("limits above the default", high),
    manifest.unixSockets === "allow" ? ["unixSockets"] : [],
    list("engine", manifest.engine === undefined ? [] : [manifest.engine]),
    list(
      "dockerfiles",
      [manifest.dockerfile, ...Object.values(manifest.agents).map(({ dockerfile }) => dockerfile)].filter(
        (d) => d !== undefined,
      ),
    ),
    list(
      "images",
      [manifest.image, ...Object.values(manifest.agents).map(({ image }) => image)].filter((i) => i !== undefined),
    ),
  ].flat();
  const limits = Object.fromEntries(low.map((limit) => [limit, manifest.limits[limit]]));
  const {
    $schema: _schema,
    unixSockets: _sockets,
    engine: _engine,
    image: _image,
    dockerfile: _dockerfile,
    ...rest
  } = manifest;
  const agents = Object.fromEntries(
    Object.entries(manifest.agents).map(([name, { image: _own, dockerfile: _built, ...agent }]) => [name, agent]),
  );
  const clean = {
    ...rest,
    agents,
    routes: [],
    credentials: {},
    mounts: [],
    ports: [],
    services: {},
    providers: {},
    environment: {},
    limits,
  };
  if (ignored.length === 0) return { manifest: clean };
  const text = `${layer.file} lies in the workspace and may bring agents alone; ignored: ${ignored.join("; ")} (to use it as your own: --manifest ${layer.file})`;
  return { manifest: clean, note: { level: "warning", code: "manifest_untrusted", text } satisfies Note };
}

function list(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${what} ${names.join(", ")}`];
}

function splitLimits(layer: ManifestLayer): readonly [readonly LimitName[], readonly LimitName[]] {
  const low: LimitName[] = [];
  const high: LimitName[] = [];
  for (const [name, value] of Object.entries(layer.manifest.limits)) {
    const limit = name as LimitName;
    if (value === undefined) continue;
    (parseLimit(limit, value, layer.file) <= defaultLimit(limit) ? low : high).push(limit);
  }
  return [low, high];
}
