import { createServer, type Server, type Socket } from "node:net";
import type { ToGate } from "../spec/gate-protocol.ts";
import { Deadlines } from "./deadlines.ts";
import type { GateEffects, OpenRequest } from "./gate-context.ts";
import { createIngresses } from "./ingress/ingresses.ts";
import type { GateLimits } from "./limits.ts";
import { type ListenerPeers, listenerPeers } from "./listener-peers.ts";
import { SandboxState } from "./sandbox-state.ts";

/** One egress gate: serves any number of sandboxes, each known by the listener that a connection came in by. */
export interface Gate {
  /** Takes one message of the keeper. Never throws. */
  handle(message: ToGate): void;
  /** Takes a listening socket of a sandbox. */
  addListener(sandbox: string, server: Server): void;
  /** Takes a connection inside that `dial` asked for. */
  addDialled(sandbox: string, dial: string, inner: Socket): void;
  /** Closes everything; each request under way is told first. */
  close(reason: string): void;
}

/** A socket that was opened in the sandbox's own network, where nobody else is. */
const everybody: ListenerPeers = { admits: () => true, close: () => {} };

/** Makes a gate that denies all until it is told otherwise. */
export function createGate(effects: GateEffects, limits: GateLimits): Gate {
  const sandboxes = new Map<string, SandboxState>();
  const open = new Set<OpenRequest>();
  const deadlines = new Deadlines(limits.sweepMs);
  let serve: ((state: SandboxState, socket: Socket) => void) | undefined;
  // What serves brings TLS along: it is loaded when a listener is there, since the keeper waits until then and no longer.
  let serving: Promise<void> | undefined;
  const loadServing = () => {
    serving ??= import("./start-serving.ts").then(({ startServing }) => {
      serve = startServing({ ...effects, limits, deadlines, open });
    });
    return serving;
  };
  const accept = (state: SandboxState, socket: Socket) => {
    if (serve) return serve(state, socket);
    socket.on("error", () => socket.destroy());
    void loadServing().then(() => {
      if (sandboxes.get(state.id) === state) serve?.(state, socket);
      else socket.destroy();
    });
  };
  const ingresses = createIngresses({ ...effects, limits, deadlines, open });
  const stateOf = (id: string) => {
    const state = sandboxes.get(id) ?? new SandboxState(id, effects.clock, limits);
    sandboxes.set(id, state);
    return state;
  };
  const addListener = (id: string, server: Server, peers: ListenerPeers = everybody) => {
    const state = stateOf(id);
    state.servers.add(server);
    // An agent may close its sending half and still read the answer.
    Object.assign(server, { allowHalfOpen: true });
    server.on("connection", (socket) => void (peers.admits(socket) && accept(state, socket)));
    state.peers.add(peers);
    server.on("error", (error) => effects.send({ type: "fault", sandbox: id, message: `listener: ${error.message}` }));
    // In the turn after the next: what is to be told of this listener goes out first.
    setImmediate(() => setImmediate(() => void loadServing()));
  };
  const remove = (id: string) => {
    ingresses.close(id);
    sandboxes.get(id)?.close();
    sandboxes.delete(id);
  };
  const close = (reason: string) => {
    for (const request of open) request.cut(reason);
    for (const id of [...sandboxes.keys()]) remove(id);
    ingresses.closeAll();
    deadlines.stop();
  };
  const listen = (message: Extract<ToGate, { type: "listen" }>) => {
    const { sandbox, host, port, peers } = message;
    const server = createServer({ allowHalfOpen: true });
    addListener(sandbox, server, listenerPeers(effects, sandbox, peers));
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === "object" && address ? address.port : port;
      effects.send({ type: "listening", sandbox, host, port: bound });
    });
  };
  const configure = (message: Extract<ToGate, { type: "configure" }>) => {
    const { id, version } = message.sandbox;
    const reason = stateOf(id).configure(message.sandbox, message.ca, message.replay);
    effects.send(
      reason === undefined ? { type: "configured", sandbox: id, version } : { type: "rejected", sandbox: id, reason },
    );
  };
  return {
    addListener: (id, server) => addListener(id, server),
    addDialled: ingresses.dialled,
    close,
    handle(message) {
      switch (message.type) {
        case "configure":
          return configure(message);
        case "listen":
          return listen(message);
        case "publish":
          return ingresses.publish(message);
        case "undialled":
          return ingresses.undialled(message.sandbox, message.dial, message.reason);
        case "credential": {
          const { sandbox, name, value, expiresAt } = message;
          const problem = stateOf(sandbox).setCredential(name, value, expiresAt);
          if (problem !== undefined) effects.send({ type: "fault", sandbox, message: problem });
          return;
        }
        case "remove":
          return remove(message.sandbox);
        case "ping":
          return effects.send({ type: "pong", id: message.id });
        case "kill":
          return message.sandbox === undefined ? close("the gate was shut") : remove(message.sandbox);
        case "answer":
          return; // Nothing is asked yet: an answer to no question changes nothing.
      }
    },
  };
}
