import { connectDocker } from "../../host/docker/connect-docker.ts";
import { lookForDocker } from "../../host/docker/look-for-docker.ts";
import type { GateWish } from "../../run/gate-ahead.ts";
import { imageFailure } from "../../sandbox/docker/images/errors.ts";
import { findImage } from "../../sandbox/docker/images/find-image.ts";
import { latestImage } from "../../sandbox/docker/images/image-names.ts";

/** Who asked for docker rather waits for a busy engine than be told that there is none. */
const patienceMs = 10_000;

/** The gate that a run on this environment's engine would get. Throws what the engine lacks. */
export async function wishGate(environment: Readonly<Record<string, string | undefined>>): Promise<GateWish> {
  const found = await lookForDocker(environment, patienceMs);
  if (!found.answers) throw found.failure;
  const { address } = found.endpoint;
  const image = await findImage(await connectDocker({ DOCKER_HOST: address }), { target: "gate" });
  if (image === undefined) throw imageFailure("image_missing", { image: latestImage("gate") });
  return { address, gateImage: { reference: image.reference, id: image.id } };
}
