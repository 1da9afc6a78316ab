import type { GateContext } from "../gate-context.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import type { RoutePlan } from "../request/route-plan.ts";
import type { SandboxState } from "../sandbox-state.ts";
import { readAddressSet } from "./address-rules.ts";
import { dial } from "./dial.ts";
import { UpstreamConnection } from "./upstream-connection.ts";

type Acquired = UpstreamConnection | { readonly rule: string; readonly reason: string };

/**
 * Gives a connection for one request of a route: a kept one that was idle for less than `maxIdleMs`, at once, or a new
 * one. Connections are kept per route, so that none is ever used under another route's rules or by another sandbox.
 */
export function acquireUpstream(
  context: GateContext,
  sandbox: SandboxState,
  plan: RoutePlan,
  request: AgentRequest,
  maxIdleMs: number,
  give: (got: Acquired) => void,
): void {
  const origin = plan.origin ?? request;
  const key = `${origin.host}:${origin.port}`;
  const kept = takeIdle(context, plan, key, Math.min(maxIdleMs, context.limits.idleUpstreamMs));
  if (kept) {
    give(kept);
    return;
  }
  const own = readAddressSet(context.ownAddresses());
  const { forbidden } = sandbox.policy;
  const target = {
    host: origin.host,
    port: origin.port,
    secure: origin.scheme === "https",
    extraCa: plan.extraCa,
    rules: {
      allowed: plan.allowed,
      forbidden: { has: (address: string) => forbidden.has(address) || !("has" in own) || own.has(address) },
    },
    session: plan.sessions.get(key),
    onSession: (session: Buffer) => keepSession(plan, key, session),
  };
  void dial(context, target, context.limits.dialMs).then((dialled) => {
    if ("rule" in dialled) {
      give(dialled);
      return;
    }
    const connection = new UpstreamConnection(dialled.socket, dialled.address, context.limits);
    connection.onFree = (freed, isReusable) => release(context, sandbox, plan, key, freed, isReusable);
    give(connection);
  });
}

function takeIdle(
  context: GateContext,
  plan: RoutePlan,
  key: string,
  maxIdleMs: number,
): UpstreamConnection | undefined {
  const now = performance.now();
  for (let connection = popIdle(plan, key); connection; connection = popIdle(plan, key)) {
    context.deadlines.delete(connection);
    const age = now - connection.idleSince;
    if (connection.isOpen && age < connection.keepMs && age < maxIdleMs) return connection;
    // Only too old for this request: another one may still use it, but not for long, so it is not worth keeping.
    connection.socket.destroy();
  }
  return undefined;
}

function popIdle(plan: RoutePlan, key: string): UpstreamConnection | undefined {
  const idle = plan.idle.get(key);
  const connection = idle?.pop();
  if (idle?.length === 0) plan.idle.delete(key);
  return connection;
}

function release(
  context: GateContext,
  sandbox: SandboxState,
  plan: RoutePlan,
  key: string,
  connection: UpstreamConnection,
  isReusable: boolean,
): void {
  const idle = plan.idle.get(key) ?? [];
  if (!isReusable) {
    context.deadlines.delete(connection);
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
    if (idle.length === 0) plan.idle.delete(key);
    return;
  }
  // A route that was changed or removed meanwhile keeps nothing.
  const isInForce = sandbox.policy.plans.get(plan.compiled) === plan;
  if (!isInForce || idle.length >= context.limits.idleUpstreams || plan.idle.size >= maxKeys) {
    connection.socket.destroy();
    return;
  }
  connection.idleSince = performance.now();
  connection.deadline = connection.idleSince + Math.min(connection.keepMs, context.limits.idleUpstreamMs);
  context.deadlines.add(connection);
  // An idle connection must not be paused: its close would not be heard.
  connection.socket.resume();
  idle.push(connection);
  plan.idle.set(key, idle);
}

// A route for `*.suffix` has as many hosts as the agent cares to name.
const maxKeys = 100;

function keepSession(plan: RoutePlan, key: string, session: Buffer): void {
  plan.sessions.delete(key);
  plan.sessions.set(key, session);
  const oldest = plan.sessions.size > maxKeys ? plan.sessions.keys().next().value : undefined;
  if (oldest !== undefined) plan.sessions.delete(oldest);
}
