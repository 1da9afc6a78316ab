import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { CredentialSource } from "../../spec/policy.ts";

/** Where the person's own manifests say that credentials come from, by name; what a workspace says does not count. */
export function manifestCredentials(layers: readonly ManifestLayer[]): Readonly<Record<string, CredentialSource>> {
  const sources: Record<string, CredentialSource> = {};
  for (const layer of layers.filter(({ trust }) => trust === "own")) {
    for (const [name, { environment: _inside, ...source }] of Object.entries(layer.manifest.credentials))
      sources[name] = source as CredentialSource;
  }
  return sources;
}
