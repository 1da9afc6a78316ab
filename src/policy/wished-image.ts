import { expandPath } from "./expand-path.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";

/** The image that a person named for the agent, or the Dockerfile (an absolute path) that it is built from, and where. */
export type ImageWish =
  | { readonly image: string; readonly from: string }
  | { readonly dockerfile: string; readonly from: string };

/** The agent's image: the manifest's < the agent's own < `--image`; undefined = its provider's. */
export function wishedImage(given: {
  readonly layers: readonly ManifestLayer[];
  readonly agent: {
    readonly image?: string | undefined;
    readonly dockerfile?: string | undefined;
    readonly from?: string | undefined;
  };
  readonly flag: string | undefined;
  readonly home: string;
}): ImageWish | undefined {
  const { layers, agent, flag, home } = given;
  if (flag !== undefined) return { image: flag, from: "--image" };
  const from = agent.from ?? "agent";
  if (agent.dockerfile !== undefined) return { dockerfile: agent.dockerfile, from };
  if (agent.image !== undefined) return { image: agent.image, from };
  const layer = layers.findLast(({ manifest: m }) => m.dockerfile !== undefined || m.image !== undefined);
  if (layer === undefined) return undefined;
  const { dockerfile, image } = layer.manifest;
  if (dockerfile !== undefined)
    return { dockerfile: expandPath(dockerfile, { dir: layer.dir, home }), from: placeOf(layer, ["dockerfile"]) };
  return image === undefined ? undefined : { image, from: placeOf(layer, ["image"]) };
}
