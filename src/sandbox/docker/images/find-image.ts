import type Docker from "dockerode";
import { type ImageFacts, readImage } from "../../../host/docker/read-image.ts";
import { imageFailure } from "./errors.ts";
import { latestImage } from "./image-names.ts";

/** The image that a sandbox asks for: by its name, or that of a target as built last. Undefined when it is not in the engine. */
export function findImage(
  docker: Docker,
  { image, target }: { readonly image?: string | undefined; readonly target: string },
): Promise<ImageFacts | undefined> {
  return readImage(docker, image ?? latestImage(target));
}

/** Where an agent's image may come from, in the order in which it is looked for. */
export interface AgentImageSources {
  /** What `commit` recorded. */
  readonly snapshot?: string | undefined;
  /** Said by the person: go on without the snapshot when it is gone. */
  readonly mayDropSnapshot?: boolean;
  /** Builds the sandbox's own Dockerfile, when it has one. */
  readonly buildOwn?: ((docker: Docker) => Promise<ImageFacts>) | undefined;
  /** `image:` of the policy. */
  readonly image?: string | undefined;
  /** The provider's target. */
  readonly target: string;
}

/**
 * The image that an agent starts from: the recorded snapshot, else its own Dockerfile, else the image that the policy
 * names, else the provider's. A snapshot that was recorded and is gone stops with a Failure, never with a silent rebuild.
 */
export async function chooseAgentImage(docker: Docker, sources: AgentImageSources): Promise<ImageFacts> {
  const { snapshot, buildOwn, image, target } = sources;
  if (snapshot !== undefined) {
    const found = await readImage(docker, snapshot);
    if (found !== undefined) return found;
    if (!sources.mayDropSnapshot) throw imageFailure("image_snapshot_missing", { image: snapshot });
  }
  if (buildOwn !== undefined) return await buildOwn(docker);
  const found = await findImage(docker, { image, target });
  if (found === undefined) throw imageFailure("image_missing", { image: image ?? latestImage(target) });
  return found;
}
