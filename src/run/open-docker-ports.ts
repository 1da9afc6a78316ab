import type { PublishedPort } from "../spec/policy.ts";
import type { GateClient } from "./gate-client.ts";
import { publishPort } from "./publish-port.ts";

/** Where the gate's container is from outside, where the agent's is, and the ports that the engine leads to the gate. */
export interface DockerIngress {
  readonly gate: GateClient;
  readonly sandbox: string;
  readonly outsideAddress: string;
  readonly agentAddress: string;
  readonly ports: readonly PublishedPort[];
}

/** Has the gate listen, on its way out alone, for what the engine leads to it, and dial the agent for it. */
export async function openDockerPorts(ingress: DockerIngress): Promise<readonly PublishedPort[]> {
  const { gate, sandbox, outsideAddress, agentAddress, ports } = ingress;
  const inside = new Map(ports.map((published) => [published.port, published]));
  for (const published of inside.values()) {
    const { port } = published;
    const target = { kind: "tcp", host: agentAddress, port } as const;
    await publishPort(gate, published, { sandbox, host: outsideAddress, port, target });
  }
  return ports;
}
