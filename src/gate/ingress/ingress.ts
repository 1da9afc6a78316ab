import { connect, createServer, type Server, type Socket } from "node:net";
import type { ToGate } from "../../spec/gate-protocol.ts";
import { auditDecision } from "../request/audit-entry.ts";
import { type IngressContext, type Inward, Relay } from "./relay.ts";

/** Asks for one port. */
export type Publish = Extract<ToGate, { type: "publish" }>;

/** The published ports of one sandbox: listeners outside, and the connections that came in by them. */
export interface Ingress {
  /** Opens a listener; tells `published`, or `unpublished` and why. */
  publish(message: Publish): void;
  /** A connection inside that was asked for by `dial` is there. */
  dialled(dial: string, inner: Socket): void;
  /** It cannot be had. */
  undialled(dial: string, reason: string): void;
  close(): void;
}

/** Makes the ingress of a sandbox. It only ever dials what `publish` named: nothing inside can ask it for anything. */
export function createIngress(context: IngressContext, sandbox: string): Ingress {
  const { send, limits } = context;
  const servers = new Set<Server>();
  const relays = new Set<Relay>();
  /** Connections inside that somebody else dials for us. */
  const asked = new Map<string, Relay>();
  let accepted = 0;

  const accept = (outer: Socket, target: Publish["target"]) => {
    if (context.isCongested()) {
      context.whenClear(() => accept(outer, target));
      return;
    }
    const inward: Inward = { sandbox, host: target.kind === "tcp" ? target.host : "127.0.0.1", port: target.port };
    if (relays.size >= limits.ingressConnections) {
      outer.destroy();
      send({ type: "audit", decision: refused(context, inward) });
      return;
    }
    accepted += 1;
    const id = String(accepted);
    const relay = new Relay(context, inward, outer, () => {
      relays.delete(relay);
      asked.delete(id);
    });
    relays.add(relay);
    if (target.kind === "tcp") {
      dialHere(target, relay);
      return;
    }
    asked.set(id, relay);
    send({ type: "dial", sandbox, dial: id, port: target.port });
  };
  const publish = ({ id, host, port, target }: Publish) => {
    // Nothing is read of a connection before there is somebody inside to give it to.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (outer) => accept(outer, target));
    servers.add(server);
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (server.listening) {
        send({ type: "fault", sandbox, message: `published port ${target.port}: ${error.message}` });
        return;
      }
      servers.delete(server);
      send({ type: "unpublished", sandbox, id, code: error.code ?? "", reason: error.message });
    });
    server.listen({ host, port, backlog: 511 }, () => {
      const address = server.address();
      const bound = typeof address === "object" && address ? address.port : port;
      send({ type: "published", sandbox, id, host, port: bound });
    });
  };
  const take = (id: string): Relay | undefined => {
    const relay = asked.get(id);
    asked.delete(id);
    return relay;
  };
  return {
    publish,
    dialled: (id, inner) => {
      const relay = take(id);
      if (relay) relay.connected(inner);
      else inner.destroy();
    },
    undialled: (id, reason) => take(id)?.unanswered(reason),
    close: () => {
      for (const server of servers) server.close();
      servers.clear();
      for (const relay of [...relays]) relay.cut("the sandbox is gone");
    },
  };
}

function dialHere(target: { readonly host: string; readonly port: number }, relay: Relay): void {
  const inner = connect({ host: target.host, port: target.port, allowHalfOpen: true });
  const failed = (error: NodeJS.ErrnoException) => relay.unanswered(error.code ?? "unreachable");
  inner.once("error", failed);
  inner.once("connect", () => {
    inner.off("error", failed);
    relay.connected(inner);
  });
}

const refused = (context: IngressContext, inward: Inward) =>
  auditDecision(
    context.clock,
    {
      ...inward,
      startedAt: performance.now(),
      method: "INGRESS",
      scheme: "tcp",
      path: "",
      requestBytes: 0,
      responseBytes: 0,
    },
    "refuse",
    { rule: "connections", reason: `a sandbox may have ${context.limits.ingressConnections} connections from outside` },
  );
