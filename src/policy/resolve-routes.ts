import type { HostRoute, ProviderSettings } from "../spec/manifest.ts";
import type { PackageClientFacts } from "../spec/package-clients.ts";
import type { Route } from "../spec/policy.ts";
import { policyFailure } from "./errors.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";
import { nearestWord } from "./nearest-word.ts";
import type { Note } from "./note.ts";
import { parseAllow } from "./parse-allow.ts";
import { pathMatchOf } from "./path-match.ts";
import type { PolicyProvider } from "./policy-provider.ts";
import { makeRoute, type PresetContribution } from "./presets/preset.ts";
import { presets } from "./presets/presets.ts";
import { routeNameOf, unusedName } from "./route-name.ts";

interface PlacedRoute {
  readonly route: Route;
  readonly from: string;
}

/** What routes are resolved from. */
export interface RoutesInput {
  readonly provider?: PolicyProvider | undefined;
  /** Weakest first, already without what is not trusted. */
  readonly layers: readonly ManifestLayer[];
  readonly allow: readonly string[];
  readonly clients: PackageClientFacts;
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
}

/**
 * Routes in the order in which they decide: the provider's own, then the manifests' (strongest first), then `--allow`.
 * A manifest's route to a host that the provider owns is left out and named; one whose `name` a stronger layer gives to a
 * route of its own is replaced by that. Presets stand where they were written.
 */
export function resolveRoutes(input: RoutesInput): {
  readonly routes: readonly PlacedRoute[];
  readonly contributions: readonly PresetContribution[];
  readonly notes: readonly Note[];
} {
  const notes: Note[] = [];
  const used = new Map<string, PresetContribution>();
  const expand = (preset: string, from: string): readonly PlacedRoute[] => {
    if (used.has(preset)) return [];
    const contribution = contributionOf(preset, from, input);
    used.set(preset, contribution);
    notes.push(...contribution.notes);
    return contribution.routes.map((route) => ({ route, from: `preset ${preset} (${from})` }));
  };
  const provided = providerRoutes(input);
  const replaced = new Set<string>();
  const written = input.layers.toReversed().flatMap((layer) => {
    // A name that a stronger layer gives to a route is that route's; two of one layer are two.
    const isReplaced = new Set(replaced);
    return layer.manifest.routes.flatMap((route, index) => {
      if ("host" in route && route.name !== undefined) {
        if (isReplaced.has(route.name)) return [];
        replaced.add(route.name);
      }
      const from = placeOf(layer, ["routes", index]);
      return "preset" in route ? expand(route.preset, from) : [{ route: hostRoute(layer, route), from }];
    });
  });
  const flagged = input.allow.flatMap((text) =>
    Object.hasOwn(presets, text) ? expand(text, "--allow") : [{ route: parseAllow(text), from: `--allow ${text}` }],
  );
  const kept = [...written, ...flagged].filter((placed) => {
    const owner = placed.from.startsWith("--allow ")
      ? undefined
      : provided.find((own) => sameHost(own.route, placed.route));
    if (owner) notes.push(overriddenNote(placed, owner));
    return owner === undefined;
  });
  return { routes: withUniqueNames([...provided, ...kept]), contributions: [...used.values()], notes };
}

function contributionOf(preset: string, from: string, input: RoutesInput): PresetContribution {
  const make = Object.hasOwn(presets, preset) ? presets[preset] : undefined;
  if (make) return make({ clients: input.clients, hostEnvironment: input.hostEnvironment });
  const known = Object.keys(presets);
  const near = nearestWord(preset, known);
  throw policyFailure("preset_unknown", { preset, from, known, ...(near ? { near } : {}) });
}

function providerRoutes({ provider, layers }: RoutesInput): readonly PlacedRoute[] {
  if (!provider) return [];
  const layer = layers.findLast((l) => Object.hasOwn(l.manifest.providers, provider.name));
  const settings: ProviderSettings | undefined = layer?.manifest.providers[provider.name];
  const extraCa = settings?.extraCaFile === undefined ? undefined : layer?.texts[settings.extraCaFile];
  const place = layer && settings ? `, ${placeOf(layer, ["providers", provider.name])}` : "";
  return provider.routes.map((route) => ({
    from: `provider ${provider.name}${place}`,
    route: {
      ...route,
      ...(settings ? { upstream: settings.upstream } : {}),
      ...(extraCa === undefined ? {} : { extraCa }),
      ...(settings?.allowAddresses ? { allowAddresses: [...settings.allowAddresses] } : {}),
    },
  }));
}

/** A route of a manifest as the gate takes it. */
export function hostRoute(layer: ManifestLayer, written: HostRoute): Route {
  const { host, name, extraCaFile, paths, ports, scheme, actions, ...rest } = written;
  const asked = actions?.find((action) => "exchange" in action)?.exchange;
  const exchange = asked === true ? { fields: [], usedOn: [] } : asked;
  const extraCa = extraCaFile === undefined ? undefined : layer.texts[extraCaFile];
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return makeRoute({
    ...given,
    name: name ?? routeNameOf(host),
    host,
    scheme: scheme ?? "https",
    ports: ports ?? [scheme === "http" ? 80 : 443],
    paths: (paths ?? []).map((path) => (typeof path === "string" ? pathMatchOf(path) : path)),
    ...(extraCa === undefined ? {} : { extraCa }),
    ...(exchange ? { exchange } : {}),
  });
}

function sameHost(a: Route, b: Route): boolean {
  return a.host === b.host && a.ports.some((port) => b.ports.includes(port));
}

function overriddenNote({ route, from }: PlacedRoute, owner: PlacedRoute): Note {
  const text = `route ${route.name} (${from}) is left out: ${owner.from} owns ${route.host}`;
  return { level: "warning", code: "route_overridden", text };
}

function withUniqueNames(placed: readonly PlacedRoute[]): readonly PlacedRoute[] {
  const taken = new Set<string>();
  return placed.map(({ route, from }) => {
    const name = unusedName(route.name, taken);
    taken.add(name);
    return { from, route: { ...route, name } };
  });
}
