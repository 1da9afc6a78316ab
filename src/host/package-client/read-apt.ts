import { join } from "node:path";
import type { PackageClientHost } from "./package-client-host.ts";
import type { ClientSources, UnresolvedSource } from "./unresolved-source.ts";
import { isWebUrl } from "./web-url.ts";

const folder = "/etc/apt";

/** apt's archives, of sources.list and of sources.list.d in both of its formats. */
export function readApt(host: Pick<PackageClientHost, "readText" | "list">): ClientSources {
  const parts = host.list(join(folder, "sources.list.d")).map((name) => join(folder, "sources.list.d", name));
  const found = [join(folder, "sources.list"), ...parts].flatMap((path) => {
    const text = /\.(list|sources)$/.test(path) ? host.readText(path) : undefined;
    if (text === undefined) return [];
    const uris = path.endsWith(".sources") ? stanzaUris(text) : lineUris(text);
    return uris.map((uri) => ({ uri, from: path }));
  });
  const unique = [...new Map(found.map((entry) => [entry.uri, entry])).values()];
  const sources = unique
    .filter(({ uri }) => isWebUrl(uri))
    .map(({ uri, from }): UnresolvedSource => {
      const url = new URL(uri);
      url.username = "";
      url.password = "";
      return { url: url.href, role: "main", from, trusted: true };
    });
  const skipped = unique.filter(({ uri }) => !isWebUrl(uri) && !uri.startsWith("cdrom:"));
  return {
    sources,
    notes: skipped.map(({ uri, from }) => `apt: ${uri} (${from}) is not a web address: left out`),
  };
}

/** `deb [options] URI suite component...`; options may hold spaces. */
function lineUris(text: string): readonly string[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line);
    return match?.[1] ? [match[1]] : [];
  });
}

/** Stanzas of `Field: values`, continued on indented lines, unless the stanza is switched off. */
function stanzaUris(text: string): readonly string[] {
  return text.split(/\r?\n\s*\r?\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let field = "";
    for (const line of stanza.split(/\r?\n/)) {
      if (line.startsWith("#")) continue;
      const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (match) field = (match[1] ?? "").toLowerCase();
      fields.set(field, `${fields.get(field) ?? ""} ${match ? (match[2] ?? "") : line.trim()}`);
    }
    if (/^\s*(no|false|off|0)\s*$/i.test(fields.get("enabled") ?? "yes")) return [];
    return (fields.get("uris") ?? "").split(/\s+/).filter((uri) => uri !== "");
  });
}
