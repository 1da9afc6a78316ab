import type Docker from "dockerode";
import { boundedCall, statusOf } from "../../../host/docker/bounded-call.ts";
import { keyedImage } from "./image-names.ts";
import { type ListedImage, listImages } from "./list-images.ts";

/** An image that was built here and is its target's latest no more; `removed` is false where a container still needs it. */
export interface PrunedImage extends Pick<ListedImage, "target" | "reference" | "bytes"> {
  readonly removed: boolean;
}

/** Removes what later builds of a target took the place of. What a container was made from stays, and so does any name that is not ours. */
export async function pruneImages(docker: Docker): Promise<readonly PrunedImage[]> {
  const old = (await listImages(docker)).filter(
    ({ isLatest, target, key, reference }) => !isLatest && reference === keyedImage(target, key),
  );
  const pruned: PrunedImage[] = [];
  for (const { target, reference, bytes } of old) {
    pruned.push({ target, reference, bytes, removed: await remove(docker, reference) });
  }
  return pruned;
}

async function remove(docker: Docker, reference: string): Promise<boolean> {
  try {
    await boundedCall(`remove image ${reference}`, () => docker.getImage(reference).remove());
    return true;
  } catch (error) {
    const status = statusOf(error);
    if (status === 409) return false;
    // Gone meanwhile.
    if (status === 404) return true;
    throw error;
  }
}
