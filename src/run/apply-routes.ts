import type { statePaths } from "../sandbox/state-paths.ts";
import type { FromGate } from "../spec/gate-protocol.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { Route } from "../spec/policy.ts";
import type { GateClient } from "./gate-client.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { gateSandbox } from "./launch.ts";
import { writeJson, writeNewJson } from "./write-json.ts";

/** What came of a change: the gate's parser has the last word. */
export type RouteOutcome =
  | { readonly ok: true; readonly version: number }
  | { readonly ok: false; readonly reason: string };

/** The routes of a running gate. What the gate took is written down; what it did not changes nothing. */
export interface AppliedRoutes {
  /** Adds a route, under another name when its own is taken. One change at a time. */
  add(route: Route): Promise<RouteOutcome>;
  /** The gate itself has dropped a route: no later change brings it back. */
  spent(name: string): void;
  /** Version of the policy that was sent last. */
  readonly version: () => number;
}

/** Starts from the request's routes, which the gate has already, and writes them down. */
export function applyRoutes(running: {
  readonly gate: GateClient;
  readonly request: LaunchRequest;
  readonly host: Pick<KeeperHost, "ownAddresses">;
  readonly paths: ReturnType<typeof statePaths>;
}): AppliedRoutes {
  const { gate, request, host, paths } = running;
  let routes: readonly Route[] = request.policy.routes;
  let version = 1;

  const configure = async (next: readonly Route[]): Promise<RouteOutcome> => {
    version += 1;
    const wanted = version;
    const answer = gate.next(
      (m): m is Extract<FromGate, { type: "configured" | "rejected" }> =>
        m.type === "rejected" || (m.type === "configured" && m.version === wanted),
      5,
    );
    const policy = { ...request, policy: { ...request.policy, routes: [...next] } };
    gate.send({ type: "configure", sandbox: gateSandbox(policy, host.ownAddresses(), wanted) });
    const reply = await answer;
    if (reply.type === "rejected") return { ok: false, reason: reply.reason };
    routes = next;
    writeJson(paths.policy, policy.policy);
    writeJson(paths.gateRoutes, next);
    return { ok: true, version: wanted };
  };
  writeNewJson(paths.gateRoutes, routes);

  // Each change builds on the routes that the one before left.
  let order: Promise<unknown> = Promise.resolve();
  return {
    add: (route) => {
      const result = order.then(() => configure([...routes, { ...route, name: freeName(route.name, routes) }]));
      order = result.catch(() => {});
      return result;
    },
    spent: (name) => {
      routes = routes.filter((route) => route.name !== name);
      writeJson(paths.gateRoutes, routes);
    },
    version: () => version,
  };
}

function freeName(name: string, routes: readonly Route[]): string {
  const taken = new Set(routes.map((route) => route.name));
  for (let n = 2; taken.has(name); n += 1) name = `${name.replace(/-\d+$/, "")}-${n}`;
  return name;
}
