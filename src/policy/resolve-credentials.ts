import type { ManifestCredential } from "../spec/manifest.ts";
import type { Credential, CredentialSource, Route } from "../spec/policy.ts";
import { policyFailure } from "./errors.ts";
import { expandPath } from "./expand-path.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";
import { nearestWord } from "./nearest-word.ts";
import type { CredentialNeed } from "./presets/preset.ts";

/** The credentials that the routes use, each with a placeholder of its own; a route that names an unknown one fails. */
export function resolveCredentials(
  routes: readonly { readonly route: Route; readonly from: string }[],
  given: {
    readonly needs: readonly CredentialNeed[];
    readonly layers: readonly ManifestLayer[];
    readonly home: string;
    /** 32 fresh hex digits. */
    readonly unique: () => string;
  },
): { readonly credentials: Credential[]; readonly sources: Record<string, string> } {
  const known = new Map<string, { need: CredentialNeed; from: string }>();
  for (const layer of given.layers) {
    for (const [name, written] of Object.entries(layer.manifest.credentials)) {
      known.set(name, {
        need: manifestNeed(name, written, layer, given.home),
        from: placeOf(layer, ["credentials", name]),
      });
    }
  }
  // A provider's or preset's own is not replaced by a manifest's of the same name: its route knows how it is injected.
  for (const need of given.needs) known.set(need.name, { need, from: "provider or preset" });
  const credentials = new Map<string, Credential>();
  const sources: Record<string, string> = {};
  for (const { route, from } of routes) {
    const name = route.credential?.name;
    if (name === undefined || credentials.has(name)) continue;
    const found = known.get(name);
    if (!found) {
      const near = nearestWord(name, [...known.keys()]);
      throw policyFailure("credential_unknown", {
        credential: name,
        route: route.name,
        from,
        ...(near ? { near } : {}),
      });
    }
    const { source, environment, placeholder } = found.need;
    credentials.set(name, { name, source, environment: [...environment], placeholder: placeholder(given.unique()) });
    sources[`credential.${name}`] = `${found.from}: ${sourceText(source)}`;
  }
  return { credentials: [...credentials.values()], sources };
}

function manifestNeed(name: string, written: ManifestCredential, layer: ManifestLayer, home: string): CredentialNeed {
  const { environment, ...source } = written;
  return {
    name,
    source:
      "file" in source ? { file: expandPath(source.file, { dir: layer.dir, home }) } : (source as CredentialSource),
    environment: environment ?? [],
    placeholder: (unique) => `caisson-${unique}`,
  };
}

/** Where a value comes from, in words; never the value. */
function sourceText(source: CredentialSource): string {
  if ("env" in source) return `variable ${source.env}`;
  if ("file" in source) return `file ${source.file}`;
  if ("kept" in source) return `kept ${source.kept}`;
  if ("npmrc" in source) return `npmrc ${source.npmrc}`;
  if ("pip" in source) return `pip configuration for ${source.pip}`;
  return `command ${source.command[0]}`;
}
