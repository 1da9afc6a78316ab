import { availableParallelism } from "node:os";
import { cgroupFiles } from "../host/cgroup/cgroup-files.ts";
import { connectDocker } from "../host/docker/connect-docker.ts";
import { createEngineApi } from "../host/docker/create-engine-api.ts";
import { fileFacts } from "../host/process/file-facts.ts";
import { procTable } from "../host/process/process-table.ts";
import { type DockerDefences, dockerDefences } from "../sandbox/docker/defences.ts";
import { createDockerEngine, type DockerEngine } from "../sandbox/docker/docker-engine.ts";
import { localFailure } from "../sandbox/local/errors.ts";

/** The docker engine at an address (as in DOCKER_HOST), on this machine. Nothing is asked of it yet. */
export async function openDockerEngine(
  address: string | undefined,
  defences: DockerDefences = dockerDefences,
): Promise<DockerEngine> {
  const { arch } = process;
  if (arch !== "x64" && arch !== "arm64") throw localFailure("local_architecture", { arch });
  const docker = await connectDocker(address === undefined ? {} : { DOCKER_HOST: address });
  const host = {
    files: fileFacts,
    processes: procTable,
    cgroups: cgroupFiles,
    arch,
    processors: availableParallelism(),
  } as const;
  return createDockerEngine({ docker: createEngineApi(docker), host, defences });
}
