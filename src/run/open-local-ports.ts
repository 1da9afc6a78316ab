import type { SendHandle } from "node:child_process";
import type { Dialer } from "../sandbox/local/start-dialer.ts";
import type { PublishedPort } from "../spec/policy.ts";
import type { GateClient } from "./gate-client.ts";
import { publishPort } from "./publish-port.ts";

/** What opening a local sandbox's ports needs. */
export interface LocalIngress {
  readonly gate: GateClient;
  readonly sandbox: string;
  /** The gate's IPC channel. */
  send(message: object, handle: SendHandle, sent: () => void): void;
  startDialer(): Promise<Dialer>;
}

/** Opens the ports at the gate and connects them: each connection is made inside, comes out as a socket, and goes to the gate. */
export async function openLocalPorts(
  ingress: LocalIngress,
  ports: readonly PublishedPort[],
): Promise<readonly PublishedPort[]> {
  const { gate, sandbox, send } = ingress;
  const dialer = await ingress.startDialer();
  const named = new Set(ports.map(({ port }) => port));
  gate.onMessage((message) => {
    if (message.type !== "dial") return;
    const { dial, port } = message;
    // A gate that were taken over could not reach the proxy's port, or any other one, by this.
    if (!named.has(port)) {
      gate.send({ type: "undialled", sandbox, dial, reason: "not published" });
      return;
    }
    dialer.dial(port, (dialled) => {
      if ("reason" in dialled) gate.send({ type: "undialled", sandbox, dial, reason: dialled.reason });
      else send({ type: "dialled", sandbox, dial }, dialled.handle, () => dialled.handle.close());
    });
  });
  const open: PublishedPort[] = [];
  for (const published of ports) {
    const { hostAddress, hostPort, port } = published;
    const target = { kind: "handed", port } as const;
    const bound = await publishPort(gate, published, { sandbox, host: hostAddress, port: hostPort, target });
    open.push({ hostAddress, hostPort: bound, port });
  }
  return open;
}
