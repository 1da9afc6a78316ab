import { createHash } from "node:crypto";

/** One line of a git configuration. `key` is as git prints it: section and name in lower case, subsection as written. */
export interface ConfigEntry {
  readonly key: string;
  /** Undefined for a name without a value, which git takes as true. */
  readonly value: string | undefined;
}

/** Reads what `git config --list -z` printed. */
export function parseConfigList(output: Buffer): readonly ConfigEntry[] {
  return output
    .toString("utf8")
    .split("\0")
    .filter((record) => record !== "")
    .map((record) => {
      const end = record.indexOf("\n");
      return end < 0 ? { key: record, value: undefined } : { key: record.slice(0, end), value: record.slice(end + 1) };
    });
}

/** Section, subsection and name of a key. Only the subsection may hold dots. */
export function splitKey(key: string): {
  readonly section: string;
  readonly subsection: string | undefined;
  readonly name: string;
} {
  const first = key.indexOf(".");
  const last = key.lastIndexOf(".");
  return {
    section: key.slice(0, first),
    subsection: first === last ? undefined : key.slice(first + 1, last),
    name: key.slice(last + 1),
  };
}

/** Writes entries as a configuration file that git reads back as the same entries, in the same order. */
export function formatConfig(entries: readonly ConfigEntry[]): string {
  let text = "";
  let open = "";
  for (const { key, value } of entries) {
    const { section, subsection, name } = splitKey(key);
    const header = subsection === undefined ? `[${section}]` : `[${section} "${quote(subsection, false)}"]`;
    if (header !== open) text += `${header}\n`;
    open = header;
    text += value === undefined ? `\t${name}\n` : `\t${name} = "${quote(value, true)}"\n`;
  }
  return text;
}

function quote(text: string, isValue: boolean): string {
  const quoted = text.replace(/[\\"]/g, (character) => `\\${character}`);
  return isValue ? quoted.replace(/\n/g, "\\n").replace(/\t/g, "\\t").replace(/[\b]/g, "\\b") : quoted;
}

/** Values of each key, in order. */
export function groupValues(entries: readonly ConfigEntry[]): ReadonlyMap<string, readonly (string | undefined)[]> {
  const groups = new Map<string, (string | undefined)[]>();
  for (const { key, value } of entries) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}

/** A short digest of a key's values. */
export const digestValues = (values: readonly (string | undefined)[]): string =>
  createHash("sha256")
    .update(JSON.stringify(values.map((value) => value ?? null)))
    .digest("hex");
