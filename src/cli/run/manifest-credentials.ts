import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { CredentialSource } from "../../spec/policy.ts";

/** Where the rules that count say that credentials come from, by name. */
export function manifestCredentials(layers: readonly ManifestLayer[]): Readonly<Record<string, CredentialSource>> {
  const sources: Record<string, CredentialSource> = {};
  for (const layer of layers) {
    for (const [name, { environment: _inside, ...source }] of Object.entries(layer.manifest.credentials))
      sources[name] = source as CredentialSource;
  }
  return sources;
}
