import type { statePaths } from "../sandbox/state-paths.ts";
import type { Exchange, FromGate } from "../spec/gate-protocol.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { Route } from "../spec/policy.ts";
import type { AuditLog } from "./audit-log.ts";
import type { EventLog } from "./event-log.ts";
import type { GateClient } from "./gate-client.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { gateSandbox } from "./launch.ts";
import type { OutputLog } from "./output-log.ts";
import type { RunConsole } from "./run-console.ts";
import { writeJson, writeNewJson } from "./write-json.ts";

/** What following a gate needs. */
export interface GateFollowing {
  readonly gate: GateClient;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly log: OutputLog;
  readonly request: LaunchRequest;
  readonly host: Pick<KeeperHost, "ownAddresses" | "loadPrices">;
  readonly paths: ReturnType<typeof statePaths>;
  readonly console: RunConsole;
  readonly signal: AbortSignal;
  /** Keeps an exchange with the model. */
  readonly record: ((exchange: Exchange) => void) | undefined;
}

/** Turns what the gate tells into audit lines and events, and applies `policy allow` to the running gate. */
export function followGate(following: GateFollowing): void {
  const { gate, events, audit, log, request, host, paths, console } = following;
  let routes: readonly Route[] = request.policy.routes;
  let version = 1;
  const redacted = new Set<string>();

  const configure = async (next: readonly Route[]) => {
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
    if (reply.type === "rejected") return { ok: false as const, reason: reply.reason };
    routes = next;
    writeJson(paths.policy, policy.policy);
    writeJson(paths.gateRoutes, next);
    return { ok: true as const, version: wanted };
  };
  writeNewJson(paths.gateRoutes, routes);

  // One change at a time: each builds on the routes that the one before left.
  let order: Promise<unknown> = Promise.resolve();
  console.onAllow((route) => {
    const result = order.then(() => configure([...routes, { ...route, name: freeName(route.name, routes) }]));
    order = result.catch(() => {});
    return result.then((outcome) => {
      if (outcome.ok)
        events.append({
          event: "policy_changed",
          version: outcome.version,
          added: [`${route.host}${route.once ? " (once)" : ""}`],
          by: "person",
        });
      return outcome;
    });
  });
  console.onPolicyVersion(() => version);

  gate.onMessage((message) => {
    switch (message.type) {
      case "audit":
        audit.add(message.decision);
        if (message.decision.rule === "published-unanswered") log.line("gate", message.decision.reason);
        if (message.decision.verdict === "refuse" || message.decision.verdict === "alarm") {
          const { rule, reason, method, host: name, port, path } = message.decision;
          events.append({
            event: "request_refused",
            rule,
            reason,
            method,
            host: name,
            port,
            path,
            hint: message.hint ?? "",
          });
        }
        return;
      case "sighting": {
        const { credential, action, host: name, where } = message;
        // A conversation is sent again with every turn, and so is what was redacted in it: one fact, told once.
        const key = `${credential} ${name} ${where}`;
        if (action === "redacted" && redacted.has(key)) return;
        if (action === "redacted") redacted.add(key);
        events.append({ event: "placeholder_sighted", credential, action, host: name, where });
        return;
      }
      case "usage": {
        const { model, route, inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = message;
        const usage = { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens };
        void host.loadPrices().then((costOf) => {
          const costUsd = costOf(model, usage);
          events.append({ event: "usage_reported", model, route, usage, ...(costUsd !== undefined && { costUsd }) });
        });
        return;
      }
      case "spent":
        // The gate itself has dropped the route; what we would configure next must not bring it back.
        routes = routes.filter((route) => route.name !== message.route);
        writeJson(paths.gateRoutes, routes);
        return;
      case "exchange":
        following.record?.(message.exchange);
        return;
      case "missed": {
        const { route, model, reason } = message;
        events.append({ event: "replay_missed", route, model, reason });
        return;
      }
      case "fault":
        log.line("gate", message.message);
        return;
      default:
        return;
    }
  });
}

function freeName(name: string, routes: readonly Route[]): string {
  const taken = new Set(routes.map((route) => route.name));
  for (let n = 2; taken.has(name); n += 1) name = `${name.replace(/-\d+$/, "")}-${n}`;
  return name;
}
