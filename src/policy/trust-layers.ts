import { Failure } from "../base/failure.ts";
import type { Manifest, ManifestSandbox } from "../spec/manifest.ts";
import { namesOf } from "./fold-sandboxes.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";
import type { Note } from "./note.ts";
import { defaultLimit, type LimitName, parseLimit } from "./resolve-limits.ts";

/** What a person said of a workspace's manifests, as they are now. */
export interface TrustDecision {
  readonly is: "trusted" | "changed" | "unknown";
  /** By a layer's file: what counts of it, and the texts of the files that it names. Of a trusted workspace only. */
  readonly granted: ReadonlyMap<string, Pick<ManifestLayer, "manifest" | "texts">>;
  readonly notes: readonly Note[];
}

const unknown: TrustDecision = { is: "unknown", granted: new Map(), notes: [] };

/**
 * The layers with all that a workspace may not bring taken out; each thing taken out is named in a note. Of a workspace that a
 * person trusted with this very content only what no repository ever gets is taken out.
 */
export function trustLayers(
  layers: readonly ManifestLayer[],
  decision: TrustDecision = unknown,
): {
  readonly layers: readonly ManifestLayer[];
  readonly notes: readonly Note[];
} {
  const notes: Note[] = [...decision.notes];
  const kept = layers.map((layer) => {
    if (layer.trust === "own") return layer;
    const granted = decision.granted.get(layer.file);
    if (decision.is === "trusted" && granted) return { ...layer, ...granted };
    const { manifest, note } = agentsAlone(layer, decision.is);
    if (note) notes.push(note);
    return { ...layer, manifest };
  });
  return { layers: kept, notes };
}

function agentsAlone(layer: ManifestLayer, is: TrustDecision["is"]) {
  const { manifest } = layer;
  const agents = Object.entries(manifest.agents);
  const named = (key: "dockerfile" | "image") => agents.flatMap(([, agent]) => agent[key] ?? []);
  const sandboxes = Object.entries(manifest.sandboxes);
  const ignored = [
    requests(layer, manifest, []),
    list("dockerfiles", [...(manifest.dockerfile === undefined ? [] : [manifest.dockerfile]), ...named("dockerfile")]),
    list("images", [...(manifest.image === undefined ? [] : [manifest.image]), ...named("image")]),
    list(
      "the sandboxes of agents",
      agents.flatMap(([name, { sandbox }]) => (sandbox === undefined ? [] : [name])),
    ),
    sandboxes.flatMap(([name, rules]) => {
      const { extends: parents, dockerfile, image } = rules;
      const wants = [
        list("parents", namesOf(parents)),
        requests(layer, rules, ["sandboxes", name]),
        list("dockerfile", dockerfile === undefined ? [] : [dockerfile]),
        list("image", image === undefined ? [] : [image]),
      ].flat();
      return wants.length === 0 ? [] : [`sandbox ${name} (${wants.join(", ")})`];
    }),
  ].flat();
  const clean: Manifest = {
    agents: Object.fromEntries(
      agents.map(([name, { image: _own, dockerfile: _built, sandbox: _rules, ...agent }]) => [name, agent]),
    ),
    sandboxes: Object.fromEntries(
      sandboxes.map(([name, rules]) => [name, { limits: lowLimits(layer, rules, ["sandboxes", name]) }]),
    ),
    routes: [],
    credentials: {},
    mounts: [],
    ports: [],
    services: {},
    providers: {},
    environment: {},
    limits: lowLimits(layer, manifest, []),
  };
  if (ignored.length === 0) return { manifest: clean };
  const why =
    is === "changed"
      ? "has changed since you trusted this workspace"
      : "lies in the workspace and may bring agents alone";
  const text = `${layer.file} ${why}; ignored: ${ignored.join("; ")} (to look at it, and allow it: caisson policy trust)`;
  return { manifest: clean, note: { level: "warning", code: "manifest_untrusted", text } satisfies Note };
}

/** What rules ask for that only a person may give, each in a few words. */
function requests(layer: ManifestLayer, rules: ManifestSandbox, at: readonly string[]): readonly string[] {
  const [, high] = splitLimits(layer, rules, at);
  return [
    list(
      "routes",
      (rules.routes ?? []).map((r) => ("preset" in r ? r.preset : r.host)),
    ),
    list("credentials", Object.keys(rules.credentials ?? {})),
    list(
      "mounts",
      (rules.mounts ?? []).map((m) => m.source),
    ),
    list("services", Object.keys(rules.services ?? {})),
    list("ports", (rules.ports ?? []).map(String)),
    list("providers", Object.keys(rules.providers ?? {})),
    list("environment", Object.keys(rules.environment ?? {})),
    list("limits above the default", high),
    list("secrets", rules.secrets?.show ?? []),
    rules.unixSockets === "allow" ? ["unixSockets"] : [],
    list("git", Object.keys(rules.git?.user ?? {})),
    list("engine", rules.engine === undefined ? [] : [rules.engine]),
  ].flat();
}

function list(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${what} ${names.join(", ")}`];
}

/** The limits of a workspace that are no request: at most the default. */
export function lowLimits(layer: ManifestLayer, rules: ManifestSandbox, at: readonly string[]): Manifest["limits"] {
  const [low] = splitLimits(layer, rules, at);
  return Object.fromEntries(low.map((limit) => [limit, rules.limits?.[limit]]));
}

function splitLimits(
  layer: ManifestLayer,
  rules: ManifestSandbox,
  at: readonly string[],
): readonly [readonly LimitName[], readonly LimitName[]] {
  const low: LimitName[] = [];
  const high: LimitName[] = [];
  for (const [name, value] of Object.entries(rules.limits ?? {})) {
    const limit = name as LimitName;
    if (value === undefined) continue;
    const from = placeOf(layer, [...at, "limits", name]);
    (isAtMostDefault(limit, value, from) ? low : high).push(limit);
  }
  return [low, high];
}

// A value that is none at all must not stop those who did not ask for it.
function isAtMostDefault(limit: LimitName, value: number | string, from: string): boolean {
  try {
    return parseLimit(limit, value, from) <= defaultLimit(limit);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return false;
  }
}
