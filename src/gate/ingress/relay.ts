import type { Socket } from "node:net";
import type { Timed } from "../deadlines.ts";
import type { GateContext } from "../gate-context.ts";
import { auditDecision } from "../request/audit-entry.ts";

/** What a relay needs of its gate. */
export type IngressContext = Pick<
  GateContext,
  "send" | "isCongested" | "whenClear" | "clock" | "limits" | "deadlines" | "open"
>;

/** Whose connection it is, and where it leads. */
export interface Inward {
  readonly sandbox: string;
  readonly host: string;
  readonly port: number;
}

/**
 * One connection from outside to a published port: bytes go through as they are, each side at the other's pace; one side's
 * end is passed on as an end, its reset as a reset. Told once, when it is over.
 */
export class Relay implements Timed {
  deadline: number;
  readonly #context: IngressContext;
  readonly #inward: Inward;
  readonly #outer: Socket;
  readonly #from: string;
  readonly #startedAt = performance.now();
  readonly #over: () => void;
  #inner: Socket | undefined;
  #end: { readonly rule: string; readonly reason: string } | undefined;
  #isOver = false;

  constructor(context: IngressContext, inward: Inward, outer: Socket, over: () => void) {
    this.#context = context;
    this.#inward = inward;
    this.#outer = outer;
    this.#over = over;
    this.#from = `from ${outer.remoteAddress ?? "a client that is gone"}:${outer.remotePort ?? 0}`;
    this.deadline = performance.now() + context.limits.dialMs;
    context.deadlines.add(this);
    context.open.add(this);
    outer.setNoDelay(true);
    outer.on("error", () => {}); // The close that follows is what counts.
    outer.once("close", () => this.#closed(outer, this.#inner));
  }

  /** The connection inside is there. Takes it over, also when it comes too late. */
  connected(inner: Socket): void {
    if (this.#isOver) {
      inner.destroy();
      return;
    }
    this.#inner = inner;
    inner.setNoDelay(true);
    inner.on("error", () => {});
    inner.once("close", () => this.#closed(inner, this.#outer));
    for (const socket of [this.#outer, inner]) {
      socket.on("data", this.#moved);
      socket.on("drain", this.#moved);
      socket.once("end", this.#moved);
    }
    this.#moved();
    this.#outer.pipe(inner);
    inner.pipe(this.#outer);
  }

  /** Nothing answers inside: the one outside is closed. */
  unanswered(reason: string): void {
    const text = `nothing answered on port ${this.#inward.port} inside (${reason})`;
    this.#end ??= { rule: "published-unanswered", reason: text };
    this.#outer.destroy();
  }

  /** Ends it from here: what came so far is not all, so both sides are reset. */
  cut(reason: string): void {
    this.#end ??= { rule: "published", reason };
    this.#outer.resetAndDestroy();
    this.#inner?.resetAndDestroy();
    this.#finish(); // A gate that shuts has no turn left for events.
  }

  expire(): void {
    if (this.#inner) this.cut("nothing moved for too long");
    else this.unanswered("no answer in time");
  }

  readonly #moved = (): void => {
    const { ingressIdleMs, ingressHalfClosedMs } = this.#context.limits;
    const isHalfClosed = this.#outer.readableEnded || this.#inner?.readableEnded === true;
    this.deadline = performance.now() + (isHalfClosed ? ingressHalfClosedMs : ingressIdleMs);
  };

  #closed(socket: Socket, other: Socket | undefined): void {
    // One that went before both ends had passed was reset: the other side must not take what came so far for all.
    const isWhole = socket.readableEnded && socket.writableFinished;
    if (other && !other.destroyed && !isWhole) other.resetAndDestroy();
    if (!other || other.closed) this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { deadlines, open, clock, send } = this.#context;
    deadlines.delete(this);
    open.delete(this);
    const { rule, reason } = this.#end ?? { rule: "published", reason: "" };
    const entry = {
      ...this.#inward,
      startedAt: this.#startedAt,
      method: "INGRESS",
      scheme: "tcp",
      path: "",
      requestBytes: this.#outer.bytesRead,
      responseBytes: this.#outer.bytesWritten,
    };
    const whole = reason === "" ? this.#from : `${this.#from}: ${reason}`;
    send({ type: "audit", decision: auditDecision(clock, entry, "allow", { rule, reason: whole }) });
    this.#over();
  }
}
