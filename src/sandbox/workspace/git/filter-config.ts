import type { ConfigEntry } from "./config-entry.ts";
import { splitKey } from "./config-entry.ts";
import { refuseEntry } from "./config-rules.ts";

/** The entries of a repository made inside that may stay, and those that may not. */
export function filterConfig(
  entries: readonly ConfigEntry[],
  holdsWorkTree: (value: string) => boolean,
): { readonly kept: readonly ConfigEntry[]; readonly dropped: readonly ConfigEntry[] } {
  const own = entries.flatMap(({ key }) => {
    const { section, subsection } = splitKey(key);
    return section === "remote" && subsection !== undefined ? [subsection] : [];
  });
  const context = { remotes: new Set(own), holdsWorkTree };
  const passes = (entry: ConfigEntry) => refuseEntry(entry, context, true) === undefined;
  return { kept: entries.filter(passes), dropped: entries.filter((entry) => !passes(entry)) };
}
