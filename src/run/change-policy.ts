import type { ToKeeper } from "../spec/keeper-protocol.ts";
import type { Route } from "../spec/policy.ts";
import type { RouteOutcome } from "./apply-routes.ts";
import type { ControlClient } from "./control-server.ts";

/** Has a route applied that a client asks for, and tells the client what came of it. `allow` is there once the gate is. */
export function changePolicy(
  client: ControlClient,
  { id, route }: Extract<ToKeeper, { type: "allow" }>,
  allow: ((route: Route) => Promise<RouteOutcome>) | undefined,
): void {
  const fail = (code: string, message: string, hint: string, exit: number) =>
    client.send({ type: "failed", id, code, message, hint, exit });
  if (!allow) {
    fail("not_ready", "Cannot change policy: the gate is not up", "try again", 4);
    return;
  }
  void allow(route).then(
    (outcome) =>
      outcome.ok
        ? client.send({ type: "allowed", id, version: outcome.version })
        : fail("gate_rejected", `Cannot apply policy: ${outcome.reason}`, "caisson policy check", 5),
    (error: Error) => fail("gate_failed", error.message, "caisson ls", 6),
  );
}
