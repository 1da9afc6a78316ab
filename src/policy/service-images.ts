import type { Manifest } from "../spec/manifest.ts";
import type { ManifestLayer } from "./manifest-layer.ts";

/** Names of the images that the services are made from; to be looked for before the policy is resolved. */
export function serviceImages(layers: readonly ManifestLayer[]): readonly string[] {
  const services: Manifest["services"] = Object.assign({}, ...layers.map(({ manifest }) => manifest.services));
  return [...new Set(Object.values(services).map(({ image }) => image))];
}
