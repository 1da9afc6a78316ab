import type { Failure } from "../../base/failure.ts";
import type { ImageFacts } from "../../host/docker/read-image.ts";
import type { EngineWish } from "../../policy/wished-engine.ts";
import type { RuntimeChoice } from "./choose-runtime.ts";
import type { InsideUser } from "./choose-user.ts";

/** What the docker engine of this machine can do for a run. */
export type DockerOffer =
  | { readonly isReady: false; readonly reason: string; readonly failure: Failure }
  | ({ readonly isReady: true } & DockerChoice);

/** Engine, images and user of a run on docker. */
export interface DockerChoice {
  /** As in DOCKER_HOST. */
  readonly address: string;
  readonly agentImage: ImageFacts;
  readonly gateImage: ImageFacts;
  /** Images of services, by the name that the manifest has for them. */
  readonly serviceImages: Readonly<Record<string, ImageFacts>>;
  readonly user: InsideUser;
  readonly runtime: RuntimeChoice;
}

/** The engine of a run. `why` is told when nobody had asked for it. */
export type EngineChoice =
  | { readonly engine: "local"; readonly why?: string }
  | { readonly engine: "docker"; readonly why?: string; readonly docker: DockerChoice };

/**
 * The engine that was asked for, or throws what it lacks; when none was, docker if it is ready for this run, else local. Docker is
 * not looked at when local was asked for.
 */
export async function chooseEngine(
  wish: EngineWish | undefined,
  look: () => Promise<DockerOffer>,
): Promise<EngineChoice> {
  if (wish?.engine === "local") return { engine: "local" };
  const offer = await look();
  if (offer.isReady) {
    const { isReady: _, ...docker } = offer;
    return { engine: "docker", docker, ...(wish === undefined && { why: "it answers and has the images" }) };
  }
  if (wish !== undefined) throw offer.failure;
  return { engine: "local", why: offer.reason };
}
