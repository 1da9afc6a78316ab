import type Docker from "dockerode";
import { connectDocker } from "../host/docker/connect-docker.ts";
import { readDockerEndpoint } from "../host/docker/docker-endpoint.ts";
import { imageFailure } from "../sandbox/docker/images/errors.ts";
import type { CommandContext } from "./frame/command-context.ts";

/** The person's engine, which answers; throws a Failure when it does not. */
export async function openDocker({ environment }: Pick<CommandContext, "environment">): Promise<Docker> {
  const docker = await connectDocker(environment);
  try {
    await docker.ping();
  } catch (cause) {
    throw imageFailure("image_engine_silent", { address: readDockerEndpoint(environment).address }, { cause });
  }
  return docker;
}
