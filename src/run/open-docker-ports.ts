import { dockerNames } from "../sandbox/docker/docker-names.ts";
import type { PublishedPort } from "../spec/policy.ts";
import { runFailure } from "./errors.ts";
import type { GateClient } from "./gate-client.ts";
import { publishPort } from "./publish-port.ts";

/**
 * Has the gate pass on what arrives at its container's published ports. Which places of the host lead there was said when the
 * container was made; inside, each has the number that it has in the sandbox.
 */
export async function openDockerPorts(
  gate: GateClient,
  sandbox: string,
  ports: readonly PublishedPort[],
): Promise<readonly PublishedPort[]> {
  const host = dockerNames(sandbox).container("agent");
  const listened = new Set<number>();
  for (const published of ports) {
    const { hostPort, port } = published;
    if (hostPort === 0)
      throw runFailure("port_failed", { ...published, reason: "on the docker engine a port needs a number outside" });
    if (listened.has(port)) continue;
    listened.add(port);
    await publishPort(gate, published, { sandbox, host: "0.0.0.0", port, target: { kind: "tcp", host, port } });
  }
  return ports;
}
