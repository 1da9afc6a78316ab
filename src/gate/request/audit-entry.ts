import type { Decision } from "../../spec/gate-protocol.ts";

/** One decision while it is being made: what is not known when the line is due stays out of it. */
export interface AuditEntry {
  readonly sandbox: string;
  readonly startedAt: number;
  readonly method: string;
  readonly scheme: string;
  host: string;
  readonly port: number;
  path: string;
  address?: string;
  status?: number;
  requestBytes: number;
  responseBytes: number;
  credential?: string;
}

const maxPath = 512;

/** The audit line of an entry: facts only, never a value that the agent or an upstream gave. */
export function auditDecision(
  clock: { now(): number },
  entry: AuditEntry,
  verdict: Decision["verdict"],
  refusal: { readonly rule: string; readonly reason: string },
): Decision {
  return {
    sandbox: entry.sandbox,
    ts: new Date(clock.now()).toISOString(),
    verdict,
    rule: refusal.rule,
    reason: refusal.reason,
    method: entry.method,
    scheme: entry.scheme,
    host: entry.host,
    port: entry.port,
    path: entry.path.length > maxPath ? entry.path.slice(0, maxPath) : entry.path,
    ...(entry.address === undefined ? {} : { address: entry.address }),
    ...(entry.status === undefined ? {} : { status: entry.status }),
    requestBytes: entry.requestBytes,
    responseBytes: entry.responseBytes,
    durationMs: Math.round((performance.now() - entry.startedAt) * 10) / 10,
    ...(entry.credential === undefined ? {} : { credential: entry.credential }),
  };
}
