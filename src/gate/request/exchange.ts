import type { Decision } from "../../spec/gate-protocol.ts";
import type { AgentListener, AgentStream } from "../agent-stream.ts";
import type { Timed } from "../deadlines.ts";
import type { GateContext } from "../gate-context.ts";
import { firstValue, type HeaderField } from "../http1/header-list.ts";
import type { ResponseHead } from "../http1/parse-head.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import { MintedExchange } from "../minted/minted-exchange.ts";
import { ModelExchange } from "../model/model-exchange.ts";
import type { SandboxState } from "../sandbox-state.ts";
import { joinMaskers, type Masker } from "../scan/masker.ts";
import { acquireUpstream } from "../upstream/pool.ts";
import type { UpstreamConnection, UpstreamListener } from "../upstream/upstream-connection.ts";
import { relayWebSocket, type WebSocketOutcome } from "../web-socket.ts";
import { AnswerBody } from "./answer-body.ts";
import { readAnswerHead } from "./answer-head.ts";
import { answerHeaders } from "./answer-headers.ts";
import { ExchangeReport } from "./exchange-report.ts";
import type { Sighting } from "./find-sighting.ts";
import type { ReadyInjection } from "./inject-credential.ts";
import { judgeRequest } from "./judge-request.ts";
import { OutgoingBody } from "./outgoing-body.ts";
import type { OutgoingHead } from "./outgoing-head.ts";
import { isFailure, type Refusal, wordRefusal } from "./refusal.ts";
import type { RoutePlan } from "./route-plan.ts";
import { sendRefusal } from "./send-refusal.ts";

/** One request from its head to the end of its answer. Tells one decision, whatever happens. */
export class Exchange implements AgentListener, UpstreamListener, Timed {
  deadline = Number.POSITIVE_INFINITY;
  readonly #context: GateContext;
  readonly #sandbox: SandboxState;
  readonly #stream: AgentStream;
  readonly #request: AgentRequest;
  readonly #report: ExchangeReport;
  #phase: "deciding" | "dialling" | "sending" | "answering" | "over" = "deciding";
  #plan: RoutePlan | undefined;
  #head: OutgoingHead | undefined;
  #injection: ReadyInjection | undefined;
  #model: ModelExchange | undefined;
  #minted: MintedExchange | undefined;
  /** A body that was read whole before anything of it left. */
  #wholeBody: Buffer | undefined;
  #redeemed = 0;
  #upstream: UpstreamConnection | undefined;
  #body: OutgoingBody | undefined;
  #answer: AnswerBody | undefined;
  #isHalfClosed = false;
  #canRetry = false;

  constructor(context: GateContext, sandbox: SandboxState, stream: AgentStream) {
    this.#context = context;
    this.#sandbox = sandbox;
    this.#stream = stream;
    const request = stream.request;
    this.#request = request;
    this.#report = new ExchangeReport(context, sandbox.id, request);
    stream.listen(this);
    context.deadlines.add(this);
    context.open.add(this);
  }

  // --- the decision

  /** Decides and, when the request is allowed, sends it on its way. */
  start(): void {
    if (this.#phase === "over") return;
    if (this.#context.isCongested()) {
      this.#context.whenClear(() => this.start());
      return;
    }
    const judgement = judgeRequest(this.#sandbox, this.#request);
    this.#plan = judgement.plan;
    this.#head = judgement.head;
    this.#redeemed = judgement.redeemed ?? 0;
    if (judgement.kind === "sighted") this.#alarm(judgement.sighting);
    else if (judgement.kind === "refused") this.#refuse(judgement.refusal);
    else this.#allow(judgement.plan);
  }

  #allow(plan: RoutePlan): void {
    const isReplay = plan.model !== undefined && this.#sandbox.policy.model === "replay";
    if (!isReplay && !this.#takeCredential(plan)) return;
    if (plan.compiled.route.once) {
      plan.isSpent = true;
      this.#context.send({ type: "spent", sandbox: this.#sandbox.id, route: plan.name });
    }
    if (plan.model !== undefined && (isReplay || !this.#request.webSocket)) {
      const route = { name: plan.name, api: plan.model };
      this.#model = new ModelExchange(this.#context, this.#sandbox, route, this.#request);
      this.#readWhole();
    } else if (plan.exchange) {
      this.#minted = new MintedExchange(this.#sandbox, this.#request, plan.exchange);
      this.#readWhole();
    } else this.#dial(plan);
  }

  #readWhole(): void {
    this.#wait(this.#context.limits.bodyIdleMs);
    if (this.#request.expectsContinue) this.#stream.sendContinue();
    this.#stream.readBody();
  }

  #takeCredential(plan: RoutePlan): boolean {
    const injection = this.#sandbox.injectionFor(plan);
    const name = plan.credential?.name ?? "";
    if (injection === "missing" || injection === "expired") {
      const what = injection === "missing" ? "is not there" : "has expired";
      this.#refuse({ rule: "credential-missing", reason: `credential ${name} ${what}` });
      return false;
    }
    this.#injection = injection;
    if (injection) this.#report.entry.credential = name;
    return true;
  }

  // --- the request

  #dial(plan: RoutePlan, maxIdleMs = this.#keptIdleMs()): void {
    this.#phase = "dialling";
    this.#wait(this.#context.limits.dialMs * 2);
    acquireUpstream(this.#context, this.#sandbox, plan, this.#request, maxIdleMs, (got) => {
      if ("rule" in got) this.#refuse({ rule: got.rule, reason: got.reason });
      else if (this.#phase === "dialling") this.#send(got);
      else got.abort();
    });
  }

  // A request that cannot be made twice should not meet a kept connection which the upstream is just closing.
  #keptIdleMs(): number {
    return this.#request.framing.kind === "none" && !this.#request.webSocket ? Number.POSITIVE_INFINITY : 4_000;
  }

  #send(upstream: UpstreamConnection): void {
    const { framing, method, headers, expectsContinue } = this.#request;
    const body = this.#wholeBody;
    this.#phase = "sending";
    this.#upstream = upstream;
    this.#report.entry.address = upstream.address;
    this.#canRetry = upstream.isUsed && framing.kind === "none" && idempotent.has(method);
    this.#wait(this.#context.limits.bodyIdleMs);
    upstream.begin(method, this);
    const length = body
      ? body.length
      : framing.kind === "length"
        ? framing.length
        : framing.kind === "none"
          ? 0
          : undefined;
    const head = Buffer.from(this.#head?.render(this.#injection ?? noInjection, { length }) ?? "", "latin1");
    if (body || framing.kind === "none") {
      upstream.write(body && body.length > 0 ? Buffer.concat([head, body]) : head);
      this.passedAll();
      // The end of an empty body is heard all the same, so that the next request can follow.
      if (!body) this.#stream.readBody();
      return;
    }
    const { scanner } = this.#sandbox;
    const { decodedBytes } = this.#context.limits;
    const coding = firstValue(headers, "content-encoding");
    this.#body = new OutgoingBody(
      upstream,
      { head, framing, coding },
      { scanner, decodedBytes },
      {
        slow: () => this.#stream.pause(),
        ready: () => this.#stream.resume(),
        passedAll: () => this.passedAll(),
        found: (credential) => this.#alarm({ credential, where: "body" }),
        broken: (reason) => this.bodyBroken(reason),
      },
    );
    if (expectsContinue) this.#stream.sendContinue();
    this.#stream.readBody();
    this.#body?.flush();
  }

  bodyData(bytes: Buffer): void {
    this.#report.entry.requestBytes += bytes.length;
    this.#wait(this.#context.limits.bodyIdleMs);
    const whole = this.#model ?? this.#minted;
    if (!whole) this.#body?.feed(bytes);
    else {
      const refusal = whole.collect(bytes);
      if (refusal) this.#refuse(refusal);
    }
  }

  bodyEnd(): void {
    if (this.#model && this.#phase === "deciding") this.#takeModelBody(this.#model);
    else if (this.#minted && this.#phase === "deciding") this.#takeMintedBody(this.#minted);
    else this.#body?.end();
  }

  bodyBroken(reason: string): void {
    this.#refuse({ rule: "malformed", reason });
  }

  #takeModelBody(model: ModelExchange): void {
    const read = model.read();
    if ("rule" in read) {
      this.#refuse(read);
      return;
    }
    for (const credential of read.redacted) this.#report.sighting({ credential, where: "body" }, "redacted");
    this.#wholeBody = read.body;
    if (this.#sandbox.policy.model === "replay") this.#replay(model);
    else if (this.#plan) this.#dial(this.#plan);
  }

  #takeMintedBody(minted: MintedExchange): void {
    const read = minted.readRequest();
    if ("found" in read) this.#alarm({ credential: read.found, where: "body" });
    else if ("rule" in read) this.#refuse(read);
    else if (this.#plan) {
      this.#wholeBody = read.body;
      this.#dial(this.#plan);
    }
  }

  #replay(model: ModelExchange): void {
    const { status, headers, body, reason } = model.replay();
    this.#report.entry.status = status;
    this.#report.entry.responseBytes = body.length;
    this.#stream.sendHead({ status, reason: "", headers: answerHeaders(headers), length: body.length });
    if (this.#request.method !== "HEAD") this.#stream.sendBody(body);
    this.#finish("allow", reason);
    this.#stream.end();
  }

  /** All of the request is on its way upstream. */
  passedAll(): void {
    this.#upstream?.finishRequest();
    if (this.#phase === "sending") this.#wait(this.#context.limits.answerMs);
  }

  upstreamDrained(): void {
    this.#stream.resume();
  }

  // --- the answer

  head(head: ResponseHead, length: number | undefined, rest: Buffer): boolean {
    if (this.#phase !== "sending") return false;
    this.#canRetry = false;
    if (head.status === 101) {
      this.#switchProtocols(head, rest);
      return false;
    }
    const masker = this.#masker();
    if (this.#minted) return this.#startMinted(this.#minted, head);
    const read = readAnswerHead(head, length, { masker, isHead: this.#request.method === "HEAD" });
    if ("unreadable" in read) {
      this.#refuse({ rule: "upstream", reason: read.unreadable });
      return false;
    }
    this.#phase = "answering";
    this.#report.entry.status = head.status;
    this.#wait(this.#context.limits.bodyIdleMs);
    this.#model?.startAnswer(head);
    this.#answer = new AnswerBody(masker, read.coding, {
      pass: (bytes, isLate) => this.#passAnswer(bytes, isLate),
      passedAll: () => this.#passedAnswer(),
      broken: (reason) => this.failed(reason),
      slow: () => this.#upstream?.socket.pause(),
      ready: () => this.#upstream?.socket.resume(),
    });
    this.#stream.sendHead(read.head);
    return true;
  }

  /** Hides what was injected, and every minted secret that this host may have. */
  #masker(): Masker | undefined {
    return joinMaskers(this.#injection?.masker, this.#sandbox.minted.maskerFor(this.#request.host));
  }

  /** The answer is read whole: until then nothing of it is the agent's. */
  #startMinted(minted: MintedExchange, head: ResponseHead): boolean {
    this.#report.entry.status = head.status;
    this.#wait(this.#context.limits.bodyIdleMs);
    const refusal = minted.startAnswer(head);
    if (refusal) this.#refuse(refusal);
    return refusal === undefined;
  }

  #endMinted(minted: MintedExchange): void {
    const answer = minted.readAnswer();
    if ("rule" in answer) {
      this.#refuse(answer);
      return;
    }
    const { masker } = this.#injection ?? {};
    this.#phase = "answering";
    this.#stream.sendHead({ ...answer.head, headers: answerHeaders(answer.head.headers, masker) });
    const isHead = this.#request.method === "HEAD";
    const mask = masker?.startBody();
    const body = mask ? Buffer.concat([mask.feed(answer.body), mask.end()]) : answer.body;
    if (!isHead && body.length > 0) this.#stream.sendBody(body);
    const count = answer.count === 1 ? "a minted secret" : `${answer.count} minted secrets`;
    this.#finish("allow", answer.count === 0 ? this.#allowed : `${this.#allowed}; ${count} exchanged for placeholders`);
    this.#stream.end();
  }

  get #allowed(): string {
    return this.#redeemed === 0 ? "allowed" : "allowed, with a minted secret in the place of its placeholder";
  }

  data(bytes: Buffer): void {
    if (this.#minted && this.#phase === "sending") {
      this.#wait(this.#context.limits.bodyIdleMs);
      this.#report.entry.responseBytes += bytes.length;
      const refusal = this.#minted.collect(bytes);
      if (refusal) this.#refuse(refusal);
      return;
    }
    if (this.#phase !== "answering") return;
    const { halfClosedMs, bodyIdleMs } = this.#context.limits;
    this.#wait(this.#isHalfClosed ? halfClosedMs : bodyIdleMs);
    this.#report.entry.responseBytes += bytes.length;
    this.#answer?.feed(bytes);
  }

  pieceDone(): void {
    if (this.#phase === "answering") this.#stream.flush();
  }

  end(): void {
    if (this.#minted && this.#phase === "sending") this.#endMinted(this.#minted);
    else if (this.#phase === "answering") this.#answer?.end();
  }

  #passAnswer(bytes: Buffer, isLate: boolean): void {
    if (this.#phase !== "answering") return;
    this.#model?.answerData(bytes);
    this.#stream.sendBody(bytes);
    if (isLate) this.#stream.flush();
  }

  #passedAnswer(): void {
    if (this.#phase !== "answering") return;
    this.#model?.record();
    this.#finish("allow", this.#allowed);
    this.#stream.end();
  }

  failed(reason: string): void {
    if (this.#phase === "sending" && this.#canRetry && this.#plan) {
      // A kept connection that the upstream closed just now: the request was not seen, and may be made again.
      this.#upstream = undefined;
      this.#dial(this.#plan, 0);
    } else if (this.#phase === "answering") {
      this.#finish("allow", `the answer was cut: ${reason}`);
      this.#stream.abort();
    } else this.#refuse({ rule: "upstream", reason: `the upstream ended the connection: ${reason}` });
  }

  // --- the agent

  agentBlocked(): void {
    this.#answer?.pause();
    this.#upstream?.socket.pause();
  }

  agentDrained(): void {
    this.#answer?.resume();
    this.#upstream?.socket.resume();
    this.#wait(this.#context.limits.bodyIdleMs);
  }

  agentHalfClosed(): void {
    this.#isHalfClosed = true;
    if (this.#phase === "answering") this.#wait(this.#context.limits.halfClosedMs);
  }

  agentGone(): void {
    this.#finish("allow", "the agent closed the connection");
  }

  // --- ends

  /** The gate is being shut: the decision is told, nothing else is waited for. */
  cut(reason: string): void {
    this.#finish("allow", reason);
    this.#stream.abort();
  }

  expire(): void {
    if (this.#phase === "answering") this.cut("nothing moved for too long");
    else this.#refuse({ rule: "timeout", reason: "it took too long" });
  }

  #wait(milliseconds: number): void {
    this.deadline = performance.now() + milliseconds;
  }

  #switchProtocols(head: ResponseHead, rest: Buffer): void {
    const upstream = this.#upstream;
    const isAsked = this.#request.webSocket && firstValue(head.headers, "upgrade")?.toLowerCase() === "websocket";
    if (!upstream || !isAsked) {
      this.#refuse({ rule: "upstream", reason: "the upstream changed the protocol without being asked" });
      return;
    }
    this.#phase = "answering";
    this.#report.entry.status = head.status;
    const masker = this.#masker();
    const headers = [...answerHeaders(head.headers, masker), ...upgradeFields];
    this.#stream.sendHead({ status: head.status, reason: head.reason, headers, length: undefined });
    const agent = this.#stream.detach();
    if (!agent) {
      this.#refuse({ rule: "upstream", reason: "this HTTP version has no such change of protocol" });
      return;
    }
    this.#upstream = undefined;
    // The relay watches and tells of itself from here on.
    this.#context.deadlines.delete(this);
    this.#context.open.delete(this);
    this.#report.decision("allow", { rule: this.#routeName, reason: "WebSocket opened" });
    relayWebSocket(
      { context: this.#context, sandbox: this.#sandbox, agent, upstream: { socket: upstream.detach(), rest }, masker },
      (outcome) => this.#closeWebSocket(outcome),
    );
  }

  #closeWebSocket({ reason, found, requestBytes, responseBytes }: WebSocketOutcome): void {
    this.#report.entry.requestBytes = requestBytes;
    this.#report.entry.responseBytes = responseBytes;
    if (found === undefined) {
      this.#finish("allow", `WebSocket closed: ${reason}`);
      return;
    }
    this.#report.sighting({ credential: found, where: "WebSocket frame" }, "blocked");
    this.#finish("alarm", `the placeholder of ${found} was in a WebSocket frame`, "placeholder");
  }

  #alarm(sighting: Sighting): void {
    if (this.#phase === "over") return;
    this.#report.hide(sighting);
    this.#report.sighting(sighting, "blocked");
    const { credential, where } = sighting;
    this.#refuse({ rule: "placeholder", reason: `the placeholder of ${credential} was in its ${where}` }, "alarm");
  }

  #refuse(refusal: Refusal, verdict: Decision["verdict"] = "refuse"): void {
    if (this.#phase === "over") return;
    const hasAnswered = this.#phase === "answering";
    const answer = wordRefusal(this.#report.entry, refusal, this.#plan?.model, this.#sandbox.policy.signIns);
    if (!hasAnswered) this.#report.entry.status = answer.status;
    // What the other side, or time, made of an allowed request is no refusal of ours.
    if (isFailure(refusal)) this.#finish("allow", `failed: ${refusal.reason}`);
    else this.#finish(verdict, refusal.reason, refusal.rule, answer.hint);
    if (hasAnswered) this.#stream.abort();
    else sendRefusal(this.#stream, answer, refusal.rule);
  }

  get #routeName(): string {
    return this.#plan?.name ?? "no-route";
  }

  /** The one way out: told once, everything let go. */
  #finish(verdict: Decision["verdict"], reason: string, rule?: string, hint?: string): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#context.deadlines.delete(this);
    this.#context.open.delete(this);
    this.#body?.stop();
    this.#answer?.stop();
    if (this.#upstream?.isBusyFor(this)) this.#upstream.abort();
    this.#upstream = undefined;
    this.#wholeBody = undefined;
    this.#model?.release();
    this.#minted?.release();
    this.#model?.tellUsage();
    const told = verdict === "allow" && this.#model?.isRedacted ? "redact" : verdict;
    this.#report.decision(told, { rule: rule ?? this.#routeName, reason }, hint);
  }
}

const idempotent = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const noInjection = { lines: "", query: "" };
const field = (raw: string, value: string): HeaderField => ({ name: raw, raw, value });
const upgradeFields = [field("connection", "Upgrade"), field("upgrade", "websocket")];
