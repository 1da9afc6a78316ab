import type { ManifestLayer } from "./manifest-layer.ts";

/** Names of the presets that a launch asks for; what a workspace asks for does not count. */
export function presetsOf(layers: readonly ManifestLayer[], allow: readonly string[]): readonly string[] {
  const written = layers
    .filter((layer) => layer.trust === "own")
    .flatMap((layer) => layer.manifest.routes.flatMap((route) => ("preset" in route ? [route.preset] : [])));
  return [...new Set([...written, ...allow])];
}
