import type { Decision } from "../../spec/gate-protocol.ts";
import type { GateContext } from "../gate-context.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import { type AuditEntry, auditDecision } from "./audit-entry.ts";
import type { Sighting } from "./find-sighting.ts";

/** What the gate tells its keeper of one exchange. Its entry is filled while the exchange goes on. */
export class ExchangeReport {
  readonly entry: AuditEntry;
  readonly #context: Pick<GateContext, "clock" | "send">;

  constructor(context: Pick<GateContext, "clock" | "send">, sandbox: string, request: AgentRequest) {
    this.#context = context;
    this.entry = {
      sandbox,
      startedAt: performance.now(),
      method: request.method,
      scheme: request.scheme,
      host: request.host,
      port: request.port,
      path: request.target.path,
      requestBytes: 0,
      responseBytes: 0,
    };
  }

  /** Where a placeholder gave itself away is not repeated: it may hold a real credential. */
  hide({ where }: Sighting): void {
    if (where === "path") this.entry.path = "/[redacted]";
    if (where === "host") this.entry.host = "[redacted]";
  }

  /** Tells the audit line; `hint` is a command that would allow the request. */
  decision(verdict: Decision["verdict"], why: { readonly rule: string; readonly reason: string }, hint?: string): void {
    const decision = auditDecision(this.#context.clock, this.entry, verdict, why);
    this.#context.send({ type: "audit", decision, ...(hint === undefined ? {} : { hint }) });
  }

  sighting({ credential, where }: Sighting, action: "blocked" | "redacted"): void {
    const { sandbox, host } = this.entry;
    this.#context.send({ type: "sighting", sandbox, credential, action, host, where });
  }
}
