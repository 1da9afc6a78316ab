import { Failure } from "../base/failure.ts";
import type { ManifestSandbox } from "../spec/manifest.ts";
import { policyFailure } from "./errors.ts";
import { extendsPlace, findSandbox, foldSandboxes, namesOf } from "./fold-sandboxes.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";
import { nearestWord } from "./nearest-word.ts";
import { parsePublish } from "./parse-publish.ts";
import { presets } from "./presets/presets.ts";
import { resolveAgent } from "./resolve-agent.ts";
import { resolveEnvironment } from "./resolve-environment.ts";
import { type LimitName, parseLimit } from "./resolve-limits.ts";
import { resolveMount } from "./resolve-mounts.ts";
import { resolveService } from "./resolve-services.ts";

/** What a check needs to know beside the manifests. */
export interface CheckGiven {
  readonly providers: readonly string[];
  /** Names of credentials that providers bring. */
  readonly credentials: readonly string[];
  readonly home: string;
}

/**
 * All that is wrong in well-formed manifests: unknown presets, providers, credentials and parents, cycles, values that a launch
 * would refuse. What depends on this machine at launch (variables that are set, answers) is no matter of a manifest.
 */
export function checkLayers(layers: readonly ManifestLayer[], given: CheckGiven): readonly Failure[] {
  return layers.flatMap((layer) => [
    ...ruleFailures(layer, layer.manifest, { at: [], layers, given }),
    ...Object.entries(layer.manifest.sandboxes).flatMap(([name, rules]) => {
      const from = placeOf(layer, ["sandboxes", name]);
      // Looked at alone: another file may have a stronger one of this name.
      const seen = [...layers.filter((other) => other !== layer), { ...layer, trust: "own" as const }];
      // Each parent alone, too: one that is missing must not hide the next.
      const parents = namesOf(rules.extends).flatMap((parent) =>
        failuresOf(() => findSandbox(seen, { name: parent, from: extendsPlace(layer, name) })),
      );
      const fold = failuresOf(() => foldSandboxes(seen, [{ name, from }]));
      const known = fold.length > 0 ? layers : foldSandboxes(seen, [{ name, from }]);
      return [...parents, ...fold, ...ruleFailures(layer, rules, { at: ["sandboxes", name], layers: known, given })];
    }),
    ...Object.keys(layer.manifest.agents).flatMap((name) =>
      failuresOf(() => {
        const { providers, home } = given;
        const agent = resolveAgent(name, { layers: [{ ...layer, trust: "own" }], providers, home });
        foldSandboxes(layers, agent.sandboxes);
      }),
    ),
  ]);
}

interface Rules {
  readonly at: readonly string[];
  /** The layers that hold what the rules may name. */
  readonly layers: readonly ManifestLayer[];
  readonly given: CheckGiven;
}

function ruleFailures(layer: ManifestLayer, rules: ManifestSandbox, { at, layers, given }: Rules): readonly Failure[] {
  const place = (...path: (string | number)[]) => placeOf(layer, [...at, ...path]);
  const each = <T>(items: readonly T[] | undefined, check: (item: T, index: number) => unknown) =>
    (items ?? []).flatMap((item, index) => failuresOf(() => check(item, index)));
  return [
    ...each(rules.routes, (route, i) => {
      if ("preset" in route) refusePreset(route.preset, place("routes", i));
      else if (route.credential)
        refuseCredential(route.credential.name, { route: route.host, from: place("routes", i), layers, given });
    }),
    ...each(Object.entries(rules.limits ?? {}), ([limit, value]) => {
      if (value !== undefined) parseLimit(limit as LimitName, value, place("limits", limit));
    }),
    ...each(rules.mounts, (mount, i) =>
      resolveMount(mount, { from: place("mounts", i), dir: layer.dir, home: given.home }),
    ),
    ...each(rules.ports, (port, i) => parsePublish(String(port), place("ports", i))),
    ...each(Object.entries(rules.services ?? {}), ([name, service]) =>
      resolveService(name, service, place("services", name)),
    ),
    ...each(Object.entries(rules.environment ?? {}), ([name, variable]) => {
      const literal = typeof variable === "string" ? variable : "";
      resolveEnvironment([{ from: place("environment", name), variables: { [name]: literal } }], {
        host: {},
        answers: {},
        placeholders: {},
        credentialVariables: [],
        services: Object.keys(rules.services ?? {}),
      });
    }),
  ];
}

function refusePreset(preset: string, from: string): void {
  const known = Object.keys(presets);
  if (known.includes(preset)) return;
  const near = nearestWord(preset, known);
  throw policyFailure("preset_unknown", { preset, from, known, ...(near ? { near } : {}) });
}

function refuseCredential(
  credential: string,
  { route, from, layers, given }: { route: string; from: string } & Omit<Rules, "at">,
): void {
  const known = [...layers.flatMap(({ manifest }) => Object.keys(manifest.credentials)), ...given.credentials];
  if (known.includes(credential)) return;
  const near = nearestWord(credential, known);
  throw policyFailure("credential_unknown", { credential, route, from, ...(near ? { near } : {}) });
}

function failuresOf(act: () => unknown): readonly Failure[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [error];
  }
}
