import { type ManifestLayer, placeOf } from "./manifest-layer.ts";

/** The image that a person named for the agent, and where. */
export interface ImageWish {
  readonly image: string;
  readonly from: string;
}

/** The agent's image: the manifest's < the agent's own < `--image`; undefined = its provider's. A workspace brings none. */
export function wishedImage(given: {
  readonly layers: readonly ManifestLayer[];
  readonly agent: { readonly image?: string | undefined; readonly from?: string | undefined };
  readonly flag: string | undefined;
}): ImageWish | undefined {
  const { layers, agent, flag } = given;
  if (flag !== undefined) return { image: flag, from: "--image" };
  if (agent.image !== undefined) return { image: agent.image, from: agent.from ?? "agent" };
  const layer = layers.findLast((l) => l.trust === "own" && l.manifest.image !== undefined);
  return layer?.manifest.image === undefined
    ? undefined
    : { image: layer.manifest.image, from: placeOf(layer, ["image"]) };
}
