import type { statePaths } from "../sandbox/state-paths.ts";
import type { Exchange, FromGate } from "../spec/gate-protocol.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { applyRoutes } from "./apply-routes.ts";
import type { AuditLog } from "./audit-log.ts";
import type { EventLog } from "./event-log.ts";
import type { GateClient } from "./gate-client.ts";
import type { KeeperHost } from "./keeper-host.ts";
import type { OutputLog } from "./output-log.ts";
import type { RunConsole } from "./run-console.ts";

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
  const { gate, events, audit, log, console } = following;
  const routes = applyRoutes(following);
  console.onAllow(async (route) => {
    const outcome = await routes.add(route);
    if (outcome.ok)
      events.append({
        event: "policy_changed",
        version: outcome.version,
        added: [`${route.host}${route.once ? " (once)" : ""}`],
        by: "person",
      });
    return outcome;
  });
  console.onPolicyVersion(routes.version);
  const tellSighting = createSightingTeller(events);

  gate.onMessage((message) => {
    switch (message.type) {
      case "audit":
        audit.add(message.decision);
        if (message.decision.rule === "published-unanswered") log.line("gate", message.decision.reason);
        tellRefusal(events, message);
        return;
      case "sighting":
        tellSighting(message);
        return;
      case "usage":
        tellUsage(following, message);
        return;
      case "spent":
        routes.spent(message.route);
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

type Told<Type extends FromGate["type"]> = Extract<FromGate, { type: Type }>;

function tellRefusal(events: EventLog, { decision, hint = "" }: Told<"audit">): void {
  const { verdict, rule, reason, method, host, port, path } = decision;
  if (verdict !== "refuse" && verdict !== "alarm") return;
  events.append({ event: "request_refused", rule, reason, method, host, port, path, hint });
}

/** A conversation is sent again with every turn, and so is what was redacted in it: one fact, told once. */
function createSightingTeller(events: EventLog) {
  const redacted = new Set<string>();
  return ({ credential, action, host, where }: Told<"sighting">): void => {
    const key = `${credential} ${host} ${where}`;
    if (action === "redacted" && redacted.has(key)) return;
    if (action === "redacted") redacted.add(key);
    events.append({ event: "placeholder_sighted", credential, action, host, where });
  };
}

function tellUsage({ events, host }: Pick<GateFollowing, "events" | "host">, message: Told<"usage">): void {
  const { model, route, inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = message;
  const usage = { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens };
  void host.loadPrices().then((costOf) => {
    const costUsd = costOf(model, usage);
    events.append({ event: "usage_reported", model, route, usage, ...(costUsd !== undefined && { costUsd }) });
  });
}
