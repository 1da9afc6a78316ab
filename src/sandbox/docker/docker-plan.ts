import type { LaunchPlan } from "../../spec/engine.ts";

/** An image that is in the engine: `reference` for people and files, `id` for what is run. */
export interface PinnedImage {
  readonly reference: string;
  readonly id: string;
}

/** Everything the docker engine needs to make one sandbox. No secret in it. An empty `path` means the image's own. */
export interface DockerPlan extends LaunchPlan {
  readonly agentImage: PinnedImage;
  readonly gateImage: PinnedImage;
  /** Who the agent is, inside and on the workspace's files. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** The engine's OCI runtime; its default when not said. */
  readonly runtime?: string;
  /** Whether the gate tells the keeper whole exchanges with the model: then the engine keeps nothing of what it says. */
  readonly isRecorded?: boolean;
  /** A PEM file with further roots that the gate trusts towards the world. */
  readonly gateRoots?: string;
  /** Containers beside the agent, reached by their names. */
  readonly services: readonly DockerService[];
}

/** What of a plan decides how its networks are made. */
export type NetworksPlan = Pick<DockerPlan, "slug" | "stateDir">;

/** What of a plan decides how its gate is made: not a word of the request but which ports it publishes, and whether it is recorded. */
export type GatePlan = NetworksPlan & Pick<DockerPlan, "gateImage" | "ports" | "isRecorded" | "gateRoots">;

/** A container beside the agent, such as a database. */
export interface DockerService {
  readonly name: string;
  readonly image: PinnedImage;
  readonly environment: Readonly<Record<string, string>>;
  readonly command?: readonly string[] | undefined;
  readonly health?:
    | {
        readonly test: readonly string[];
        readonly intervalSeconds: number;
        readonly timeoutSeconds: number;
        readonly retries: number;
        readonly startSeconds: number;
      }
    | undefined;
  readonly memoryBytes?: number | undefined;
}
