import { type ConfigEntry, groupValues, splitKey } from "./config-entry.ts";
import { isAddOnly, isListed, refuseEntry } from "./config-rules.ts";

type Values = readonly (string | undefined)[];

/** What becomes of a key: the values it gets on the host (none = it is removed), or why it stays as it was. */
export type ConfigChange =
  | { readonly key: string; readonly values: Values; readonly was: Values }
  | { readonly key: string; readonly dropped: string; readonly values: Values };

/**
 * Decides which of an agent's configuration changes reach the host. `seed` is what the agent was given, `inside` what it
 * left, `host` what is there now; `hostChanged` says whether the person changed a key meanwhile: theirs stands.
 */
export function mergeConfig(
  seed: readonly ConfigEntry[],
  inside: readonly ConfigEntry[],
  host: readonly ConfigEntry[],
  hostChanged: (key: string, values: Values) => boolean,
): readonly ConfigChange[] {
  const [before, after, now] = [groupValues(seed), groupValues(inside), groupValues(host)];
  const remotes = trustedRemotes(before, after);
  const changes: ConfigChange[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, wanted, current] = [before.get(key) ?? [], after.get(key) ?? [], now.get(key) ?? []];
    if (isEqual(old, wanted) || isEqual(current, wanted)) continue;
    const refusal =
      refuseChange(key, old, wanted, remotes) ?? (hostChanged(key, current) ? "it changed on the host too" : undefined);
    changes.push(
      refusal === undefined ? { key, values: wanted, was: current } : { key, dropped: refusal, values: wanted },
    );
  }
  return changes;
}

function refuseChange(key: string, old: Values, wanted: Values, remotes: ReadonlySet<string>): string | undefined {
  if (!isListed(key)) return "not on the list of what an agent may set";
  const { section, subsection } = splitKey(key);
  if (section === "remote" && !remotes.has(subsection ?? "")) return "a remote whose address is not let through";
  // Forgetting where a branch goes is what deleting or renaming it does; forgetting a remote could make room for another.
  if (wanted.length === 0) return key.startsWith("branch.") || !isAddOnly(key) ? undefined : "what was there stays";
  if (old.length > 0 && isAddOnly(key)) return "what was there stays";
  for (const value of wanted) {
    const refusal = refuseEntry({ key, value }, { remotes }, false);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Remotes of before, and new ones whose every address passes. */
function trustedRemotes(before: ReadonlyMap<string, Values>, after: ReadonlyMap<string, Values>): ReadonlySet<string> {
  const names = (keys: Iterable<string>) =>
    [...keys]
      .map(splitKey)
      .flatMap(({ section, subsection }) => (section === "remote" && subsection ? [subsection] : []));
  const known = new Set(names(before.keys()));
  const passes = (name: string) =>
    after.has(`remote.${name}.url`) &&
    ["url", "pushurl"].every((last) =>
      (after.get(`remote.${name}.${last}`) ?? []).every(
        (value) => refuseEntry({ key: `remote.${name}.${last}`, value }, { remotes: known }, false) === undefined,
      ),
    );
  return new Set([...known, ...names(after.keys()).filter((name) => !known.has(name) && passes(name))]);
}

const isEqual = (a: Values, b: Values) => a.length === b.length && a.every((value, index) => value === b[index]);
