import type { Socket } from "node:net";
import { createReplayer, type Replayer } from "../model/replay.ts";
import type { GateContext } from "./gate-context.ts";
import type { SandboxState } from "./sandbox-state.ts";
import { serveConnection } from "./serve-connection.ts";
import { createTrust } from "./upstream/trust.ts";

/** Makes what serves connections of one gate: all that knows HTTP, TLS and model APIs. */
export function startServing(
  gate: Omit<GateContext, "trust" | "replayer">,
): (state: SandboxState, socket: Socket) => void {
  const replayers = new WeakMap<object, Replayer>();
  const context: GateContext = {
    ...gate,
    trust: createTrust(),
    replayer({ policy }) {
      const known = replayers.get(policy.replay) ?? createReplayer(policy.replay);
      replayers.set(policy.replay, known);
      return known;
    },
  };
  return (state, socket) => serveConnection(context, state, socket);
}
