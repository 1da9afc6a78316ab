import { statSync } from "node:fs";
import type Docker from "dockerode";
import { Failure } from "../../base/failure.ts";
import { connectDocker } from "../../host/docker/connect-docker.ts";
import type { MachineEndpoint } from "../../host/docker/look-for-docker.ts";
import type { ImageFacts } from "../../host/docker/read-image.ts";
import { readRuntimes } from "../../host/docker/read-runtimes.ts";
import { checkImage } from "../../sandbox/docker/images/check-image.ts";
import { imageFailure } from "../../sandbox/docker/images/errors.ts";
import { chooseAgentImage, findImage } from "../../sandbox/docker/images/find-image.ts";
import { imageLabels, latestImage } from "../../sandbox/docker/images/image-names.ts";
import type { DockerOffer } from "./choose-engine.ts";
import { chooseRuntime } from "./choose-runtime.ts";
import { chooseUser, type WorkspaceOwner } from "./choose-user.ts";

/** What of a run decides whether docker can do it. */
export interface DockerAsk {
  /** The image that was named or is built, and else the target of ours. */
  readonly image?: string | undefined;
  readonly buildOwn?: ((docker: Docker) => Promise<ImageFacts>) | undefined;
  readonly target: string;
  /** What the agent's image has to have besides a shell. */
  readonly programs: readonly string[];
  /** Images of the services beside the agent. */
  readonly services: readonly string[];
  /** What is to run the agent's container, where a person said so. */
  readonly runtime?: string | undefined;
  readonly workspace: { readonly mode: "mount" | "none" | "copy"; readonly dir?: string };
  readonly person: { readonly uid: number; readonly gid: number };
}

/** Looks at an engine that answers: has it the images, and is there a user to work as? Never throws for what it lacks. */
export async function offerDocker({ address }: Pick<MachineEndpoint, "address">, ask: DockerAsk): Promise<DockerOffer> {
  try {
    const user = chooseUser(ask.person, ownerOf(ask.workspace));
    const docker = await connectDocker({ DOCKER_HOST: address });
    const [agentImage, gateImage, known] = await Promise.all([
      agentImageOf(docker, ask),
      imageOf(docker, { target: "gate" }),
      readRuntimes(docker),
    ]);
    const runtime = chooseRuntime({ wished: ask.runtime, known, isMounted: ask.workspace.mode === "mount" });
    const services = ask.services.map(
      async (image) => [image, await imageOf(docker, { image, target: image })] as const,
    );
    const serviceImages = Object.fromEntries(await Promise.all(services));
    return { isReady: true, address, agentImage, gateImage, serviceImages, user, runtime };
  } catch (failure) {
    // Whoever interrupts a build does not ask for another engine.
    if (!(failure instanceof Failure) || failure.code === "image_own_interrupted") throw failure;
    return { isReady: false, reason: reasonOf(failure), failure };
  }
}

async function imageOf(docker: Docker, wish: Pick<DockerAsk, "image" | "target">): Promise<ImageFacts> {
  const found = await findImage(docker, wish);
  if (!found) throw imageFailure("image_missing", { image: wish.image ?? latestImage(wish.target) });
  return found;
}

/** One that is not ours for this agent may be anything: whether it has what a sandbox needs is looked at before it is started. */
async function agentImageOf(docker: Docker, ask: DockerAsk): Promise<ImageFacts> {
  const found = await chooseAgentImage(docker, ask);
  const isThere = found.createdAt !== "";
  if (isThere && found.labels[imageLabels.target] !== ask.target)
    await checkImage(docker, { image: found.reference, programs: ask.programs });
  return found;
}

function ownerOf({ mode, dir }: DockerAsk["workspace"]): WorkspaceOwner {
  if (mode !== "mount" || dir === undefined) return { mode: mode === "mount" ? "none" : mode };
  const { uid, gid } = statSync(dir);
  return { mode, dir, owner: { uid, gid } };
}

/** In a few words, after "local". */
function reasonOf({ code, data, message, hint }: Failure): string {
  switch (code) {
    case "image_missing":
      return `docker has no ${String(data.image)}: ${hint}`;
    case "image_own_failed":
      // The step's own output was shown while it ran.
      return `the agent's Dockerfile could not be built: ${String(data.step)} failed: ${String(data.reason)}`;
    case "workspace_of_root":
      return "this folder is root's";
    default:
      return message;
  }
}
