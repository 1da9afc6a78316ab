import { statSync } from "node:fs";
import { Failure } from "../../base/failure.ts";
import { connectDocker } from "../../host/docker/connect-docker.ts";
import type { MachineEndpoint } from "../../host/docker/look-for-docker.ts";
import { readImage } from "../../host/docker/read-image.ts";
import { imageFailure } from "../../sandbox/docker/images/errors.ts";
import type { DockerOffer } from "./choose-engine.ts";
import { chooseUser, type WorkspaceOwner } from "./choose-user.ts";

/** What of a run decides whether docker can do it. */
export interface DockerAsk {
  /** Name of the agent's image. */
  readonly image: string;
  readonly workspace: { readonly mode: "mount" | "none" | "copy"; readonly dir?: string };
  readonly person: { readonly uid: number; readonly gid: number };
}

const gateImageName = "caisson-gate";

/** Looks at an engine that answers: has it the images, and is there a user to work as? Never throws for what it lacks. */
export async function offerDocker({ address }: Pick<MachineEndpoint, "address">, ask: DockerAsk): Promise<DockerOffer> {
  try {
    const docker = await connectDocker({ DOCKER_HOST: address });
    const [agentImage, gateImage] = await Promise.all(
      [ask.image, gateImageName].map(async (name) => {
        const found = await readImage(docker, name);
        if (!found) throw imageFailure("image_missing", { image: name });
        return found;
      }),
    );
    if (!agentImage || !gateImage) throw new Error("two images were asked for");
    const user = chooseUser(ask.person, ownerOf(ask.workspace));
    return { isReady: true, address, agentImage, gateImage, user };
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    return { isReady: false, reason: reasonOf(failure), failure };
  }
}

function ownerOf({ mode, dir }: DockerAsk["workspace"]): WorkspaceOwner {
  if (mode !== "mount" || dir === undefined) return { mode: mode === "mount" ? "none" : mode };
  const { uid, gid } = statSync(dir);
  return { mode, dir, owner: { uid, gid } };
}

/** In a few words, after "local". */
function reasonOf({ code, data, message }: Failure): string {
  switch (code) {
    case "image_missing":
      return `docker has no ${data.image}: caisson images build`;
    case "workspace_of_root":
      return "this folder is root's";
    default:
      return message;
  }
}
