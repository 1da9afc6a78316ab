import type { ManifestLayer } from "./manifest-layer.ts";

/** Names of the presets that a launch asks for. */
export function presetsOf(layers: readonly ManifestLayer[], allow: readonly string[]): readonly string[] {
  const written = layers.flatMap((layer) =>
    layer.manifest.routes.flatMap((route) => ("preset" in route ? [route.preset] : [])),
  );
  return [...new Set([...written, ...allow])];
}
