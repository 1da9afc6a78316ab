import { createServer, type Server } from "node:net";
import { createReplayer, type Replayer } from "../model/replay.ts";
import type { ToGate } from "../spec/gate-protocol.ts";
import { Deadlines } from "./deadlines.ts";
import type { GateContext, GateEffects } from "./gate-context.ts";
import type { GateLimits } from "./limits.ts";
import { SandboxState } from "./sandbox-state.ts";
import { serveConnection } from "./serve-connection.ts";
import { createTrust } from "./upstream/trust.ts";

/** One egress gate: serves any number of sandboxes, each known by the listener that a connection came in by. */
export interface Gate {
  /** Takes one message of the keeper. Never throws. */
  handle(message: ToGate): void;
  /** Takes a listening socket of a sandbox. */
  addListener(sandbox: string, server: Server): void;
  /** Closes everything; each request under way is told first. */
  close(reason: string): void;
}

/** Makes a gate that denies all until it is told otherwise. */
export function createGate(effects: GateEffects, limits: GateLimits): Gate {
  const sandboxes = new Map<string, SandboxState>();
  const replayers = new WeakMap<object, Replayer>();
  const context: GateContext = {
    ...effects,
    limits,
    deadlines: new Deadlines(limits.sweepMs),
    trust: createTrust(),
    open: new Set(),
    replayer({ policy }) {
      const known = replayers.get(policy.replay) ?? createReplayer(policy.replay);
      replayers.set(policy.replay, known);
      return known;
    },
  };
  const stateOf = (id: string) => {
    const state = sandboxes.get(id) ?? new SandboxState(id, effects.clock, limits);
    sandboxes.set(id, state);
    return state;
  };
  const addListener = (id: string, server: Server) => {
    const state = stateOf(id);
    state.servers.add(server);
    // An agent may close its sending half and still read the answer.
    Object.assign(server, { allowHalfOpen: true });
    server.on("connection", (socket) => serveConnection(context, state, socket));
    server.on("error", (error) => effects.send({ type: "fault", sandbox: id, message: `listener: ${error.message}` }));
  };
  const remove = (id: string) => {
    sandboxes.get(id)?.close();
    sandboxes.delete(id);
  };
  const close = (reason: string) => {
    for (const request of context.open) request.cut(reason);
    for (const id of [...sandboxes.keys()]) remove(id);
    context.deadlines.stop();
  };
  const listen = (message: Extract<ToGate, { type: "listen" }>) => {
    const { sandbox, host, port } = message;
    const server = createServer({ allowHalfOpen: true });
    addListener(sandbox, server);
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
    addListener,
    close,
    handle(message) {
      switch (message.type) {
        case "configure":
          return configure(message);
        case "listen":
          return listen(message);
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
