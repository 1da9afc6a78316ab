import type { Socket } from "node:net";
import type { FromGate } from "../spec/gate-protocol.ts";
import { auditDecision } from "./request/audit-entry.ts";

/** Who may speak to a listener that is reached over a network. */
export interface ListenerPeers {
  /** Whether a connection is served; one that is not is reset, and told in the audit log. */
  admits(socket: Socket): boolean;
  /** Tells what is still untold. */
  close(): void;
}

/** How long further refusals of the same peer are gathered into one line: a peer cannot fill the audit log by dialling. */
const gatherMilliseconds = 1000;

/** Serves these addresses alone; all when none are named (a listener that only the sandbox can reach). */
export function listenerPeers(
  effects: { send(message: FromGate): void; readonly clock: { now(): number } },
  sandbox: string,
  peers: readonly string[] | undefined,
): ListenerPeers {
  if (peers === undefined) return { admits: () => true, close: () => {} };
  const served = new Set(peers.map(plainAddress));
  const untold = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  const tell = (peer: string, count: number) => {
    const what = count === 1 ? "a connection" : `${count} connections`;
    const reason = `${what} from ${peer}, which is not the sandbox's agent`;
    const entry = { sandbox, startedAt: performance.now(), method: "-", scheme: "tcp", host: "-", port: 0, path: "" };
    const decision = { ...entry, requestBytes: 0, responseBytes: 0 };
    effects.send({
      type: "audit",
      decision: auditDecision(effects.clock, decision, "refuse", { rule: "peer", reason }),
    });
  };
  const gather = (peer: string) => {
    untold.set(peer, 0);
    const timer = setTimeout(() => {
      timers.delete(timer);
      const count = untold.get(peer) ?? 0;
      untold.delete(peer);
      if (count === 0) return;
      tell(peer, count);
      gather(peer);
    }, gatherMilliseconds);
    timers.add(timer.unref());
  };
  return {
    admits: (socket) => {
      const peer = plainAddress(socket.remoteAddress ?? "");
      if (served.has(peer)) return true;
      socket.on("error", () => {});
      socket.resetAndDestroy();
      const count = untold.get(peer);
      if (count !== undefined) untold.set(peer, count + 1);
      else {
        tell(peer, 1);
        gather(peer);
      }
      return false;
    },
    close: () => {
      for (const timer of timers) clearTimeout(timer);
      for (const [peer, count] of untold) if (count > 0) tell(peer, count);
      untold.clear();
    },
  };
}

/** A listener for both families has IPv4 peers in IPv6 form. */
const plainAddress = (address: string): string => address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
