import type { ManifestLayer } from "./manifest-layer.ts";

/** Patterns of what the person says of secrets in a workspace. What the workspace itself says of that counts for nothing. */
export function wishedSecrets(layers: readonly ManifestLayer[]): {
  readonly show: readonly string[];
  readonly hide: readonly string[];
} {
  const own = layers.filter(({ trust }) => trust === "own").map(({ manifest }) => manifest.secrets);
  return {
    show: own.flatMap((secrets) => secrets?.show ?? []),
    hide: own.flatMap((secrets) => secrets?.hide ?? []),
  };
}
