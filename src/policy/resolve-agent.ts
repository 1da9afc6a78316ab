import type { ColorName } from "../spec/color-names.ts";
import { policyFailure } from "./errors.ts";
import { expandPath } from "./expand-path.ts";
import { namesOf, type SandboxChoice } from "./fold-sandboxes.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";
import { nearestWord } from "./nearest-word.ts";
import type { Note } from "./note.ts";

/** A way of working that was found by its name. */
export interface ResolvedAgent {
  readonly name: string;
  readonly provider: string;
  readonly model?: string;
  readonly instructions?: string;
  /** Its image on the docker engine, if it names one. */
  readonly image?: string;
  /** Absolute path of the Dockerfile that it is built from; goes before `image`. */
  readonly dockerfile?: string;
  /** For providers `command` and `acp`: what it runs. */
  readonly command?: readonly string[];
  /** Absolute folders with a SKILL.md, each with the folder that its links may not leave. */
  readonly skills: readonly { readonly dir: string; readonly within: string }[];
  /** The sandboxes that it works in, weakest first, and where it says so. */
  readonly sandboxes: readonly SandboxChoice[];
  readonly label?: string;
  readonly color?: ColorName;
  /** JSON Schema of its parameters. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** JSON Schema of its last answer. */
  readonly output?: Readonly<Record<string, unknown>>;
  readonly from: string;
  readonly notes: readonly Note[];
}

/**
 * The agent of a name: the strongest manifest's, or a provider by its own name. A workspace cannot change what a
 * provider's name, or one of the person's own agents, means. Fails on an unknown name, and on an agent that is broken.
 */
export function resolveAgent(
  name: string,
  given: { readonly layers: readonly ManifestLayer[]; readonly providers: readonly string[]; readonly home: string },
): ResolvedAgent {
  const holders = given.layers.filter(
    (l) => Object.hasOwn(l.manifest.agents, name) || Object.hasOwn(l.brokenAgents, name),
  );
  const isProvider = given.providers.includes(name);
  const own = holders.findLast((layer) => layer.trust === "own");
  const layer = own ?? (isProvider ? undefined : holders.at(-1));
  const shadowed = holders.filter((l) => l !== layer && l.trust === "workspace");
  const notes = shadowed.map((l): Note => {
    const text = `agent ${name} of ${l.file} is ignored: a workspace cannot change what ${name} means`;
    return { level: "warning", code: "agent_ignored", text };
  });
  if (!layer) {
    if (isProvider) return { name, provider: name, sandboxes: [], skills: [], from: "provider", notes };
    throw unknownAgent(name, given);
  }
  // Any name may be asked for, `constructor` too.
  const broken = Object.hasOwn(layer.brokenAgents, name) ? layer.brokenAgents[name] : undefined;
  if (broken) throw broken;
  const agent = layer.manifest.agents[name];
  if (!agent) throw unknownAgent(name, given);
  const from = placeOf(layer, ["agents", name]);
  if (!given.providers.includes(agent.provider)) {
    const near = nearestWord(agent.provider, given.providers);
    throw policyFailure("provider_unknown", { agent: name, provider: agent.provider, from, ...(near ? { near } : {}) });
  }
  const { provider, skills = [], dockerfile, sandbox, ...rest } = agent;
  const place = { dir: layer.dir, home: given.home };
  const built = { dockerfile: dockerfile === undefined ? undefined : expandPath(dockerfile, place) };
  const said = Object.fromEntries(Object.entries({ ...rest, ...built }).filter(([, value]) => value !== undefined));
  const dirs = skills.map((path) => expandPath(path, place));
  // What a repository brings may only come from the repository; the person's own skill may come from anywhere.
  const within = (dir: string) => (layer.trust === "workspace" ? layer.dir : dir);
  const sandboxFrom = `${placeOf(layer, ["agents", name, "sandbox"])}, agent ${name}`;
  return {
    ...said,
    name,
    provider,
    sandboxes: namesOf(sandbox).map((wanted) => ({ name: wanted, from: sandboxFrom })),
    skills: dirs.map((dir) => ({ dir, within: within(dir) })),
    from,
    notes,
  };
}

function unknownAgent(
  agent: string,
  given: { readonly layers: readonly ManifestLayer[]; readonly providers: readonly string[] },
) {
  const known = [
    ...new Set([...given.layers.flatMap((l) => Object.keys(l.manifest.agents)), ...given.providers]),
  ].sort();
  const near = nearestWord(agent, known);
  return policyFailure("agent_unknown", { agent, known, ...(near ? { near } : {}) });
}
