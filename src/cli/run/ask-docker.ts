import { lookForDocker } from "../../host/docker/look-for-docker.ts";
import type { ImageWish } from "../../policy/wished-image.ts";
import type { Provider } from "../../provider/provider.ts";
import type { CommandContext } from "../frame/command-context.ts";
import type { DockerChoice, DockerOffer } from "./choose-engine.ts";
import type { DockerAsk } from "./offer-docker.ts";
import type { OwnDockerfile } from "./own-image.ts";
import type { RunInput } from "./run-options.ts";

const insistedMs = 10_000;

/** Asks early whether docker is there; what it has for the run is asked when that is known. */
export function startLooking({ environment }: CommandContext, { engine, image, runtime }: RunInput["options"]) {
  const named = engine ?? (image === undefined && runtime === undefined ? environment.CAISSON_ENGINE : "docker");
  // A person who asked for docker rather waits for a busy engine than be told that there is none.
  const look = () => (named === "docker" ? lookForDocker(environment, insistedMs) : lookForDocker(environment));
  const presence = named === "local" ? undefined : look();
  presence?.catch(() => {}); // A bug in it is told where it is awaited.
  return async (ask: Omit<DockerAsk, "person">): Promise<DockerOffer> => {
    const found = await (presence ?? look());
    if (!found.answers) return { isReady: false, reason: found.reason, failure: found.failure };
    // Loaded only where an engine answered: its client library is the largest thing that a start could load.
    const { offerDocker } = await import("./offer-docker.ts");
    const person = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    return offerDocker(found.endpoint, { ...ask, person });
  };
}

/** What is asked of the engine for a wish: an image by its name, or a build. */
export function imageAsk(
  context: CommandContext,
  wish: ImageWish,
  given: Omit<OwnDockerfile, "path" | "digest"> & { readonly dockerfiles: ReadonlyMap<string, string> },
) {
  if ("image" in wish) return { image: wish.image };
  const buildOwn: DockerAsk["buildOwn"] = async (docker) =>
    (await import("./own-image.ts")).ownImage(context, docker, {
      path: wish.dockerfile,
      digest: given.dockerfiles.get(wish.dockerfile),
      ...given,
    });
  return { buildOwn };
}

/** Our image for a provider, and what another one in its place has to have. */
export const imageNeedsOf = ({ name, binaries }: Provider) =>
  binaries.length === 0
    ? { target: "base", programs: [] }
    : { target: name, programs: [...binaries.slice(0, 1), "git"] };

/** What the keeper is told of the engine and its images. */
export function dockerLaunch({ address, agentImage, gateImage, user, runtime: { runtime }, ...choice }: DockerChoice) {
  const named = ({ reference, id }: DockerChoice["agentImage"]) => ({ reference, id });
  const images = {
    agentImage: named(agentImage),
    gateImage: named(gateImage),
    serviceImages: Object.fromEntries(
      Object.entries(choice.serviceImages).map(([name, image]) => [name, named(image)]),
    ),
  };
  return { address, launch: { ...images, user, ...(runtime !== undefined && { runtime }) } };
}
