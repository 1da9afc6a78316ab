import type { Manifest, ManifestSandbox } from "../spec/manifest.ts";
import { policyFailure } from "./errors.ts";
import { type ManifestLayer, placeOf, type RuleKey } from "./manifest-layer.ts";
import { nearestWord } from "./nearest-word.ts";

/** A sandbox that somebody asked for, and where: `--sandbox`, or an agent's place. */
export interface SandboxChoice {
  readonly name: string;
  readonly from: string;
}

/**
 * The layers whose rules count, weakest first: the top-level rules of every manifest, then the chosen sandboxes, each after its
 * parents, left to right. A sandbox counts once, where it is first reached, so that no parent is stronger than its child.
 * An explicit empty list or map of a sandbox takes away what all weaker layers say there. Takes layers of which all that is not
 * trusted has been taken out (`trustLayers`). Fails on an unknown or broken sandbox, and on a cycle, with the place.
 */
export function foldSandboxes(
  layers: readonly ManifestLayer[],
  choices: readonly SandboxChoice[],
): readonly ManifestLayer[] {
  const order = new Map<string, ManifestLayer>();
  for (const choice of choices) addWithParents({ layers, order }, choice, []);
  return [...order.values()].reduce(addCleared, layers);
}

/** Names of a manifest's `extends` or `sandbox`: one, several or none. */
export function namesOf(written: string | readonly string[] | undefined): readonly string[] {
  return typeof written === "string" ? [written] : (written ?? []);
}

/** All names of sandboxes that there are, broken ones included. */
export function sandboxNames(layers: readonly ManifestLayer[]): readonly string[] {
  const names = layers.flatMap((l) => [...Object.keys(l.manifest.sandboxes), ...Object.keys(l.brokenSandboxes)]);
  return [...new Set(names)].sort();
}

interface Fold {
  readonly layers: readonly ManifestLayer[];
  /** The rules of each sandbox that was reached, by its name, weakest first. */
  readonly order: Map<string, ManifestLayer>;
}

function addWithParents(fold: Fold, { name, from }: SandboxChoice, children: readonly string[]): void {
  if (children.includes(name)) {
    const path = [...children.slice(children.indexOf(name)), name].join(" > ");
    throw policyFailure("sandbox_cycle", { path, from });
  }
  if (fold.order.has(name)) return;
  const { layer, rules } = findSandbox(fold.layers, { name, from });
  for (const parent of namesOf(rules.extends)) {
    addWithParents(fold, { name: parent, from: extendsPlace(layer, name) }, [...children, name]);
  }
  fold.order.set(name, rulesLayer(layer, rules, [name, ...children.toReversed()]));
}

/** Where a sandbox says which it extends. */
export function extendsPlace(layer: ManifestLayer, name: string): string {
  return `${placeOf(layer, ["sandboxes", name, "extends"])}, sandbox ${name} extends it`;
}

/** The strongest of the person's own of that name: a workspace cannot change what one of theirs means. Fails when it is broken or none. */
export function findSandbox(layers: readonly ManifestLayer[], { name, from }: SandboxChoice) {
  const holders = layers.filter(
    (l) => Object.hasOwn(l.manifest.sandboxes, name) || Object.hasOwn(l.brokenSandboxes, name),
  );
  const layer = holders.findLast(({ trust }) => trust === "own") ?? holders.at(-1);
  // Any name may be asked for, `constructor` too.
  const broken = layer && Object.hasOwn(layer.brokenSandboxes, name) ? layer.brokenSandboxes[name] : undefined;
  if (broken) throw broken;
  const rules = layer?.manifest.sandboxes[name];
  if (layer && rules) return { layer, rules };
  const known = sandboxNames(layers);
  const near = nearestWord(name, known);
  throw policyFailure("sandbox_unknown", { sandbox: name, from, known, ...(near ? { near } : {}) });
}

function rulesLayer(
  layer: ManifestLayer,
  sandbox: ManifestSandbox,
  chain: readonly [string, ...string[]],
): ManifestLayer {
  const { extends: _parents, ...rules } = sandbox;
  const said = Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
  const [name] = chain;
  return {
    ...layer,
    manifest: { ...noRules, ...said, agents: {}, sandboxes: {} },
    brokenAgents: {},
    brokenSandboxes: {},
    lineOf: (path) => layer.lineOf(["sandboxes", name, ...path]),
    via: `sandbox ${chain.join(" < ")}`,
    clears: ruleKeys.filter((key) => isEmpty(rules[key])),
  };
}

const noRules: Pick<Manifest, RuleKey> = {
  providers: {},
  routes: [],
  credentials: {},
  limits: {},
  environment: {},
  mounts: [],
  services: {},
  ports: [],
};

const ruleKeys = Object.keys(noRules) as readonly RuleKey[];

function isEmpty(value: object | undefined): boolean {
  return value !== undefined && Object.values(value).every((item) => item === undefined);
}

function addCleared(weaker: readonly ManifestLayer[], layer: ManifestLayer): readonly ManifestLayer[] {
  const cleared = Object.fromEntries((layer.clears ?? []).map((key) => [key, noRules[key]]));
  return [...weaker.map((l) => ({ ...l, manifest: { ...l.manifest, ...cleared } })), layer];
}
