import type { FromGate } from "../../spec/gate-protocol.ts";
import type { ModelApi } from "../../spec/policy.ts";
import type { GateContext } from "../gate-context.ts";
import { firstValue, type HeaderField } from "../http1/header-list.ts";
import type { ResponseHead } from "../http1/parse-head.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import type { Refusal } from "../request/refusal.ts";
import type { SandboxState } from "../sandbox-state.ts";
import { AnswerListener, type ReadModelBody, readModelBody, replayAnswer } from "./model-traffic.ts";

/** The model's side of one request on a model route: its whole body, its token use, its recording or its replay. */
export class ModelExchange {
  readonly #context: GateContext;
  readonly #sandbox: SandboxState;
  readonly #route: { readonly name: string; readonly api: ModelApi };
  readonly #request: AgentRequest;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #held = 0;
  #read: ReadModelBody | undefined;
  #answer: AnswerListener | undefined;
  #head: ResponseHead | undefined;

  constructor(
    context: GateContext,
    sandbox: SandboxState,
    route: { readonly name: string; readonly api: ModelApi },
    request: AgentRequest,
  ) {
    this.#context = context;
    this.#sandbox = sandbox;
    this.#route = route;
    this.#request = request;
  }

  /** Keeps a piece of the body; returns why it cannot. */
  collect(bytes: Buffer): Refusal | undefined {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#context.limits.modelBytes) return tooLong;
    if (!this.#hold(bytes.length + pieceBytes)) return noRoom;
    this.#pieces.push(bytes);
    return undefined;
  }

  #hold(bytes: number): boolean {
    if (!this.#sandbox.held.take(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  /** Nothing of the request is kept any more. */
  release(): void {
    this.#pieces = [];
    this.#sandbox.held.give(this.#held);
    this.#held = 0;
  }

  /** The body as it will leave, and the credentials that were redacted in it, or why there is none. */
  read(): ReadModelBody | Refusal {
    const { target, headers } = this.#request;
    const request = { api: this.#route.api, path: target.path, coding: firstValue(headers, "content-encoding") };
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    const read = readModelBody(this.#sandbox.scanner, request, whole, this.#context.limits.modelBytes);
    if (typeof read === "string") return { rule: "malformed", reason: read };
    // What was packed may have become far more than what was collected.
    if (!this.#hold(Math.max(0, read.body.length - this.#held))) return noRoom;
    this.#read = read;
    return read;
  }

  get isRedacted(): boolean {
    return (this.#read?.redacted.length ?? 0) > 0;
  }

  /** The answer from the recording, and what to say of it. */
  replay() {
    const { method, target } = this.#request;
    const { asked } = this.#read ?? {};
    const replayer = this.#context.replayer(this.#sandbox);
    const { response, missed } = replayAnswer(replayer, this.#route, asked, `${method} ${target.path}`);
    const { id } = this.#sandbox;
    if (missed) this.#context.send({ type: "missed", sandbox: id, route: this.#route.name, ...missed });
    const body = Buffer.from(response.body, "utf8");
    if (!missed && asked?.metered) {
      this.#answer = new AnswerListener(this.#route.api, response.headers["content-type"] ?? "", undefined);
      this.#answer.write(body);
    }
    const headers = Object.entries(response.headers).map(
      ([name, value]): HeaderField => ({ name: name.toLowerCase(), raw: name, value }),
    );
    const reason = missed
      ? `not in the recording: ${missed.reason}`
      : asked
        ? "answered from the recording"
        : "replayed: no model was asked";
    return { status: response.status, headers, body, reason };
  }

  /** The head of a live answer; from now on its body is listened to where that matters. */
  startAnswer(head: ResponseHead): void {
    this.#head = head;
    const asked = this.#read?.asked;
    if (!asked) return;
    const record = this.#sandbox.policy.model === "record" ? { maxBytes: this.#context.limits.modelBytes } : undefined;
    if (!record && !asked.metered) return;
    this.#answer = new AnswerListener(this.#route.api, firstValue(head.headers, "content-type") ?? "", record);
  }

  answerData(bytes: Buffer): void {
    this.#answer?.write(bytes);
  }

  /** Tells the recorded exchange of a whole answer. */
  record(): void {
    const text = this.#answer?.text();
    const asked = this.#read?.asked;
    const head = this.#head;
    if (text === undefined || !asked || !head) return;
    const { method, target } = this.#request;
    const { model, digest, conversation } = asked;
    const request = { method, path: target.path, body: conversation };
    const response = { status: head.status, headers: recordedHeaders(head.headers), body: text };
    const exchange = { route: this.#route.name, model, digest, request, response };
    this.#context.send({ type: "exchange", sandbox: this.#sandbox.id, exchange });
  }

  /** Tells the token use as far as the answer came. */
  tellUsage(): void {
    const usage: FromGate | undefined = this.#answer?.usage(this.#sandbox.id, this.#route.name);
    if (usage) this.#context.send(usage);
  }
}

/** What keeping one piece costs beside its bytes: a body may come byte by byte. */
const pieceBytes = 256;
const tooLong: Refusal = { rule: "model-body", reason: "the request to the model is too long" };
const noRoom: Refusal = { rule: "model-memory", reason: "too many long requests to models are under way at once" };

const recorded = new Set(["content-type", "retry-after"]);

const recordedHeaders = (headers: readonly HeaderField[]): Record<string, string> =>
  Object.fromEntries(headers.filter(({ name }) => recorded.has(name)).map(({ name, value }) => [name, value]));
