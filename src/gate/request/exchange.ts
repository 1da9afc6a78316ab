import { decideRequest } from "../../policy/match/decide-request.ts";
import type { Decision, FromGate } from "../../spec/gate-protocol.ts";
import type { AgentListener, AgentStream } from "../agent-stream.ts";
import type { Timed } from "../deadlines.ts";
import type { GateContext } from "../gate-context.ts";
import { firstValue, type HeaderField, valuesOf } from "../http1/header-list.ts";
import type { ResponseHead } from "../http1/parse-head.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import { AnswerListener, type ReadModelBody, readModelBody, replayAnswer } from "../model/model-traffic.ts";
import type { SandboxState } from "../sandbox-state.ts";
import type { BodyMask } from "../scan/masker.ts";
import { RequestScan } from "../scan/request-scan.ts";
import { acquireUpstream } from "../upstream/pool.ts";
import type { UpstreamConnection, UpstreamListener } from "../upstream/upstream-connection.ts";
import { relayWebSocket } from "../web-socket.ts";
import { answerHeaders } from "./answer-headers.ts";
import { type AuditEntry, auditDecision } from "./audit-entry.ts";
import type { ReadyInjection } from "./inject-credential.ts";
import { isGitPush } from "./is-git-push.ts";
import { composeHead, type OutgoingHead } from "./outgoing-head.ts";
import { type Refusal, wordRefusal } from "./refusal.ts";
import type { RoutePlan } from "./route-plan.ts";

type Phase = "deciding" | "dialling" | "sending" | "answering" | "over";

/** One request from its head to the end of its answer. Tells one decision, whatever happens. */
export class Exchange implements AgentListener, UpstreamListener, Timed {
  deadline = Number.POSITIVE_INFINITY;
  readonly #context: GateContext;
  readonly #sandbox: SandboxState;
  readonly #stream: AgentStream;
  readonly #request: AgentRequest;
  readonly #entry: AuditEntry;
  #phase: Phase = "deciding";
  #plan: RoutePlan | undefined;
  #head: OutgoingHead | undefined;
  #injection: ReadyInjection | undefined;
  #upstream: UpstreamConnection | undefined;
  #scan: RequestScan | undefined;
  #pendingHead: Buffer | undefined;
  #modelBody: Buffer[] | undefined;
  #modelBytes = 0;
  #model: ReadModelBody | undefined;
  #mask: BodyMask | undefined;
  #answer: AnswerListener | undefined;
  #answerHead: ResponseHead | undefined;
  #isHalfClosed = false;
  #canRetry = false;

  constructor(context: GateContext, sandbox: SandboxState, stream: AgentStream) {
    this.#context = context;
    this.#sandbox = sandbox;
    this.#stream = stream;
    const request = stream.request;
    this.#request = request;
    this.#entry = {
      sandbox: sandbox.id,
      startedAt: performance.now(),
      method: request.method,
      scheme: request.scheme,
      host: request.host,
      port: request.port,
      path: request.target.path,
      requestBytes: 0,
      responseBytes: 0,
    };
    stream.listen(this);
    context.deadlines.add(this);
    context.open.add(this);
  }

  /** Decides and, when the request is allowed, sends it on its way. */
  start(): void {
    if (this.#phase === "over") return;
    if (this.#context.isCongested()) {
      this.#context.whenClear(() => this.start());
      return;
    }
    const { policy } = this.#sandbox;
    const request = this.#request;
    const verdict = decideRequest(
      policy.routes,
      {
        scheme: request.scheme,
        host: request.host,
        port: request.port,
        method: request.method,
        readings: request.target.readings,
        headerValues: (name) => valuesOf(request.headers, name),
      },
      this.#sandbox.isSpent,
    );
    const plan = verdict.allow ? policy.plans.get(verdict.route) : undefined;
    this.#plan = plan;
    const own = plan?.credential?.name;
    this.#head = plan && composeHead(request, plan, own === undefined ? undefined : policy.placeholders.get(own));
    const sighted = this.#findPlaceholder(own);
    if (sighted) this.#alarm(sighted.credential, sighted.where);
    else if (!verdict.allow) this.#refuse(verdict);
    else if (isGitPush(request.target)) this.#refuse(gitPush);
    else if (policy.forbiddenHosts.has(request.host)) this.#refuse(forbiddenHost);
    else if (plan) this.#allow(plan);
  }

  #findPlaceholder(own: string | undefined): { readonly credential: string; readonly where: string } | undefined {
    const { scanner } = this.#sandbox;
    const { target, headers, host } = this.#request;
    const clean = this.#head?.clean ?? `${host}\n${target.path}?${target.query ?? ""}\n${textOf(headers)}`;
    const credential = scanner.findInText(clean) ?? this.#findStripped(own);
    if (credential === undefined) return undefined;
    if (scanner.findInText(host) !== undefined) return { credential, where: "host" };
    if (scanner.findInText(target.path) !== undefined) return { credential, where: "path" };
    if (scanner.findInText(target.query ?? "") !== undefined) return { credential, where: "query" };
    const header = headers.find(({ name, value }) => scanner.findInText(`${name}: ${value}`) === credential);
    return { credential, where: header ? `header ${header.name}` : "head" };
  }

  // The placeholder of the route's own credential belongs there; another one in its place is a sighting all the same.
  #findStripped(own: string | undefined): string | undefined {
    const lines = this.#head?.stripped ?? "";
    if (lines === "") return undefined;
    for (const line of lines.split("\n")) {
      const found = this.#sandbox.scanner.findInText(line);
      if (found !== undefined && found !== own) return found;
    }
    return undefined;
  }

  #allow(plan: RoutePlan): void {
    const isReplay = plan.model !== undefined && this.#sandbox.policy.model === "replay";
    if (!isReplay) {
      const injection = this.#sandbox.injectionFor(plan);
      if (injection === "missing" || injection === "expired") {
        const name = plan.credential?.name ?? "";
        const reason = injection === "missing" ? `credential ${name} is not there` : `credential ${name} has expired`;
        this.#refuse({ rule: "credential-missing", reason });
        return;
      }
      this.#injection = injection;
      if (plan.credential) this.#entry.credential = plan.credential.name;
    }
    if (plan.compiled.route.once) {
      plan.isSpent = true;
      this.#context.send({ type: "spent", sandbox: this.#sandbox.id, route: plan.name });
    }
    if (plan.model !== undefined && !this.#request.webSocket) {
      this.#modelBody = [];
      this.deadline = performance.now() + this.#context.limits.bodyIdleMs;
      if (this.#request.expectsContinue) this.#stream.sendContinue();
      this.#stream.readBody();
    } else this.#dial(plan, 4_000);
  }

  #dial(plan: RoutePlan, freshMs: number): void {
    this.#phase = "dialling";
    this.deadline = performance.now() + this.#context.limits.dialMs * 2;
    const isSafe = this.#request.framing.kind === "none" && !this.#request.webSocket;
    acquireUpstream(
      this.#context,
      this.#sandbox,
      plan,
      this.#request,
      isSafe ? Number.POSITIVE_INFINITY : freshMs,
      (got) => {
        if ("rule" in got) this.#refuse({ rule: got.rule, reason: got.reason });
        else if (this.#phase === "dialling") this.#send(got);
        else got.abort();
      },
    );
  }

  #send(upstream: UpstreamConnection): void {
    const request = this.#request;
    this.#phase = "sending";
    this.#upstream = upstream;
    this.#entry.address = upstream.address;
    this.#canRetry = upstream.isUsed && request.framing.kind === "none" && idempotent.has(request.method);
    this.deadline = performance.now() + this.#context.limits.bodyIdleMs;
    upstream.begin(request.method, this);
    const model = this.#model;
    const framing = request.framing;
    const length = model
      ? model.body.length
      : framing.kind === "length"
        ? framing.length
        : framing.kind === "none"
          ? 0
          : undefined;
    const injected = this.#injection ?? { lines: "", query: "" };
    const head = Buffer.from(this.#head?.render(injected, { length }) ?? "", "latin1");
    if (model || framing.kind === "none") {
      upstream.write(model && model.body.length > 0 ? Buffer.concat([head, model.body]) : head);
      this.#passed();
      // The end of an empty body is heard all the same, so that the next request can follow.
      if (!model) this.#stream.readBody();
      return;
    }
    this.#pendingHead = head;
    this.#scan = new RequestScan(
      this.#sandbox.scanner,
      firstValue(request.headers, "content-encoding"),
      this.#context.limits.decodedBytes,
      {
        pass: (bytes) => this.#pass(bytes),
        ready: () => this.#stream.resume(),
        passedAll: () => this.#passAll(),
        found: (credential) => this.#alarm(credential, "body"),
        broken: (reason) => this.#refuse({ rule: "malformed", reason }),
      },
    );
    if (request.expectsContinue) this.#stream.sendContinue();
    this.#stream.readBody();
    this.#flushHead();
  }

  // --- the request's body

  bodyData(bytes: Buffer): void {
    this.#entry.requestBytes += bytes.length;
    this.deadline = performance.now() + this.#context.limits.bodyIdleMs;
    if (this.#modelBody) {
      this.#modelBytes += bytes.length;
      if (this.#modelBytes > this.#context.limits.modelBytes) {
        this.#modelBody = undefined;
        this.#refuse({ rule: "model-body", reason: "the request to the model is too long" });
      } else this.#modelBody.push(bytes);
      return;
    }
    if (this.#scan?.isSlow) this.#stream.pause();
    this.#scan?.feed(bytes);
  }

  bodyEnd(): void {
    if (this.#modelBody) this.#takeModelBody(Buffer.concat(this.#modelBody));
    else this.#scan?.end();
  }

  bodyBroken(reason: string): void {
    this.#refuse({ rule: "malformed", reason });
  }

  #pass(bytes: Buffer): void {
    const upstream = this.#upstream;
    if (!upstream || this.#phase === "over") return;
    const head = this.#pendingHead;
    this.#pendingHead = undefined;
    const chunks = head ? [head] : [];
    if (this.#request.framing.kind === "chunked") {
      chunks.push(Buffer.from(`${bytes.length.toString(16)}\r\n`, "latin1"), bytes, crlf);
    } else chunks.push(bytes);
    const [only] = chunks;
    if (!upstream.write(chunks.length === 1 && only ? only : Buffer.concat(chunks))) this.#stream.pause();
  }

  #passAll(): void {
    this.#flushHead();
    if (this.#request.framing.kind === "chunked") this.#upstream?.write(lastChunk);
    this.#passed();
  }

  #flushHead(): void {
    const head = this.#pendingHead;
    this.#pendingHead = undefined;
    if (head) this.#upstream?.write(head);
  }

  #passed(): void {
    this.#upstream?.finishRequest();
    if (this.#phase === "sending") this.deadline = performance.now() + this.#context.limits.answerMs;
  }

  upstreamDrained(): void {
    this.#stream.resume();
  }

  #takeModelBody(bytes: Buffer): void {
    const plan = this.#plan;
    this.#modelBody = undefined;
    if (!plan?.model || this.#phase === "over") return;
    const { target, method, headers } = this.#request;
    const request = { api: plan.model, path: target.path, coding: firstValue(headers, "content-encoding") };
    const read = readModelBody(this.#sandbox.scanner, request, bytes, this.#context.limits.modelBytes);
    if (typeof read === "string") {
      this.#refuse({ rule: "malformed", reason: read });
      return;
    }
    this.#model = read;
    for (const credential of read.redacted) this.#sight(credential, "redacted", "body");
    if (this.#sandbox.policy.model !== "replay") {
      this.#dial(plan, 4_000);
      return;
    }
    const route = { name: plan.name, api: plan.model };
    const { response, missed } = replayAnswer(
      this.#context.replayer(this.#sandbox),
      route,
      read.asked,
      `${method} ${target.path}`,
    );
    if (missed) this.#context.send({ type: "missed", sandbox: this.#sandbox.id, route: plan.name, ...missed });
    this.#answerReplayed(response, missed?.reason);
  }

  #answerReplayed(
    response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string },
    missed: string | undefined,
  ): void {
    const body = Buffer.from(response.body, "utf8");
    const headers = Object.entries(response.headers).map(([name, value]) => ({
      name: name.toLowerCase(),
      raw: name,
      value,
    }));
    this.#phase = "answering";
    this.#entry.status = response.status;
    this.#entry.responseBytes = body.length;
    const answer =
      this.#plan?.model && this.#model?.asked?.metered && missed === undefined
        ? new AnswerListener(this.#plan.model, response.headers["content-type"] ?? "", undefined)
        : undefined;
    this.#answer = answer;
    answer?.write(body);
    this.#stream.sendHead({
      status: response.status,
      reason: "",
      headers: answerHeaders(headers),
      length: body.length,
    });
    if (this.#request.method !== "HEAD") this.#stream.sendBody(body);
    this.#finish("allow", missed === undefined ? "answered from the recording" : `not in the recording: ${missed}`);
    this.#stream.end();
  }

  // --- the answer

  head(head: ResponseHead, length: number | undefined, rest: Buffer): boolean {
    if (this.#phase !== "sending") return false;
    this.#phase = "answering";
    this.#canRetry = false;
    this.#entry.status = head.status;
    this.deadline = performance.now() + this.#context.limits.bodyIdleMs;
    if (head.status === 101) {
      this.#switchProtocols(head, rest);
      return false;
    }
    this.#answerHead = head;
    const masker = this.#injection?.masker;
    this.#mask = masker?.startBody();
    const plan = this.#plan;
    if (plan?.model && this.#model?.asked) {
      const record =
        this.#sandbox.policy.model === "record" ? { maxBytes: this.#context.limits.modelBytes } : undefined;
      if (record || this.#model.asked.metered) {
        this.#answer = new AnswerListener(plan.model, firstValue(head.headers, "content-type") ?? "", record);
      }
    }
    const headers = answerHeaders(head.headers, masker);
    const reason = masker ? masker.maskText(head.reason) : head.reason;
    this.#stream.sendHead({
      status: head.status,
      reason,
      headers,
      length: this.#request.method === "HEAD" ? headLength(head) : length,
    });
    return true;
  }

  data(bytes: Buffer): void {
    if (this.#phase !== "answering") return;
    this.deadline =
      performance.now() + (this.#isHalfClosed ? this.#context.limits.halfClosedMs : this.#context.limits.bodyIdleMs);
    this.#entry.responseBytes += bytes.length;
    const masked = this.#mask ? this.#mask.feed(bytes) : bytes;
    this.#answer?.write(masked);
    this.#stream.sendBody(masked);
  }

  pieceDone(): void {
    if (this.#phase === "answering") this.#stream.flush();
  }

  end(): void {
    if (this.#phase !== "answering") return;
    const rest = this.#mask?.end();
    if (rest && rest.length > 0) {
      this.#answer?.write(rest);
      this.#stream.sendBody(rest);
    }
    this.#record();
    this.#finish("allow", "allowed");
    this.#stream.end();
  }

  failed(reason: string): void {
    if (this.#phase === "over") return;
    const plan = this.#plan;
    this.#upstream = undefined;
    if (this.#phase === "sending" && this.#canRetry && plan) {
      // A kept connection that the upstream closed just now: the request was not seen, and may be made again.
      this.#canRetry = false;
      this.#dial(plan, 0);
    } else if (this.#phase === "sending") {
      this.#refuse({ rule: "upstream", reason: `the upstream ended the connection: ${reason}` });
    } else {
      this.#finish("allow", `the answer was cut: ${reason}`);
      this.#stream.abort();
    }
  }

  agentBlocked(): void {
    this.#upstream?.socket.pause();
  }

  agentDrained(): void {
    this.#upstream?.socket.resume();
    this.deadline = performance.now() + this.#context.limits.bodyIdleMs;
  }

  agentHalfClosed(): void {
    this.#isHalfClosed = true;
    if (this.#phase === "answering") this.deadline = performance.now() + this.#context.limits.halfClosedMs;
  }

  agentGone(): void {
    this.#finish("allow", "the agent closed the connection");
  }

  /** The gate is being shut: the decision is told, nothing else is waited for. */
  cut(reason: string): void {
    this.#finish("allow", reason);
    this.#stream.abort();
  }

  expire(): void {
    if (this.#phase === "answering") {
      this.#finish("allow", "nothing moved for too long");
      this.#stream.abort();
    } else this.#refuse({ rule: "timeout", reason: "it took too long" });
  }

  // --- ends

  #switchProtocols(head: ResponseHead, rest: Buffer): void {
    const upstream = this.#upstream;
    const isAsked = this.#request.webSocket && firstValue(head.headers, "upgrade")?.toLowerCase() === "websocket";
    if (!upstream || !isAsked) {
      this.#phase = "sending";
      this.#refuse({ rule: "upstream", reason: "the upstream changed the protocol without being asked" });
      return;
    }
    const headers = [...answerHeaders(head.headers, this.#injection?.masker), ...upgradeFields];
    this.#stream.sendHead({ status: 101, reason: head.reason, headers, length: undefined });
    const agent = this.#stream.detach();
    if (!agent) return;
    relayWebSocket({
      context: this.#context,
      sandbox: this.#sandbox,
      agent,
      upstream: { socket: upstream.detach(), rest },
      masker: this.#injection?.masker,
      opened: () => this.#tell("allow", "WebSocket opened"),
      closed: (outcome) => {
        this.#entry.requestBytes = outcome.requestBytes;
        this.#entry.responseBytes = outcome.responseBytes;
        if (outcome.found !== undefined) {
          this.#sight(outcome.found, "blocked", "WebSocket frame");
          this.#finish("alarm", `the placeholder of ${outcome.found} was in a WebSocket frame`, "placeholder");
        } else this.#finish("allow", `WebSocket closed: ${outcome.reason}`);
      },
    });
    this.#upstream = undefined;
  }

  #sight(credential: string, action: "blocked" | "redacted", where: string): void {
    const { host } = this.#request;
    this.#context.send({ type: "sighting", sandbox: this.#sandbox.id, credential, action, host, where });
  }

  #alarm(credential: string, where: string): void {
    if (this.#phase === "over") return;
    this.#sight(credential, "blocked", where);
    this.#refuse({ rule: "placeholder", reason: `the placeholder of ${credential} was in its ${where}` }, "alarm");
  }

  #refuse(refusal: Refusal, verdict: Decision["verdict"] = "refuse"): void {
    if (this.#phase === "over") return;
    const hasAnswered = this.#phase === "answering";
    const answer = wordRefusal(this.#entry, refusal, this.#plan?.model);
    if (!hasAnswered) this.#entry.status = answer.status;
    this.#finish(verdict, refusal.reason, refusal.rule, answer.hint);
    if (hasAnswered) {
      this.#stream.abort();
      return;
    }
    const body = Buffer.from(answer.text, "utf8");
    this.#stream.sendHead({
      status: answer.status,
      reason: "refused by caisson",
      headers: refusalFields(answer.contentType, refusal.rule),
      length: body.length,
    });
    if (this.#request.method !== "HEAD") this.#stream.sendBody(body);
    this.#stream.end();
  }

  #record(): void {
    const text = this.#answer?.text();
    const asked = this.#model?.asked;
    const head = this.#answerHead;
    const plan = this.#plan;
    if (text === undefined || !asked || !head || !plan) return;
    const { method, target } = this.#request;
    this.#context.send({
      type: "exchange",
      sandbox: this.#sandbox.id,
      exchange: {
        route: plan.name,
        model: asked.model,
        digest: asked.digest,
        request: { method, path: target.path, body: asked.conversation },
        response: { status: head.status, headers: recordedHeaders(head.headers), body: text },
      },
    });
  }

  /** The one way out: told once, everything let go. */
  #finish(verdict: Decision["verdict"], reason: string, rule?: string, hint?: string): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#context.deadlines.delete(this);
    this.#context.open.delete(this);
    this.#scan?.stop();
    if (this.#upstream?.isBusyFor(this)) this.#upstream.abort();
    this.#upstream = undefined;
    const usage = this.#answer?.usage(this.#sandbox.id, this.#plan?.name ?? "");
    if (usage) this.#context.send(usage);
    const isRedacted = verdict === "allow" && (this.#model?.redacted.length ?? 0) > 0;
    this.#tell(isRedacted ? "redact" : verdict, reason, rule, hint);
  }

  #tell(verdict: Decision["verdict"], reason: string, rule = this.#plan?.name ?? "no-route", hint?: string): void {
    const decision = auditDecision(this.#context.clock, this.#entry, verdict, { rule, reason });
    const message: FromGate = { type: "audit", decision, ...(hint === undefined ? {} : { hint }) };
    this.#context.send(message);
  }
}

const idempotent = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const gitPush: Refusal = { rule: "git-push", reason: "git push over HTTPS is refused" };
const forbiddenHost: Refusal = { rule: "address", reason: "this host is never reached from a sandbox" };
const crlf = Buffer.from("\r\n", "latin1");
const lastChunk = Buffer.from("0\r\n\r\n", "latin1");
const field = (raw: string, value: string): HeaderField => ({ name: raw, raw, value });
const upgradeFields = [field("connection", "Upgrade"), field("upgrade", "websocket")];

const refusalFields = (contentType: string, rule: string): HeaderField[] => [
  field("content-type", contentType),
  field("x-caisson-rule", rule),
  // What the clients of the model APIs look at before they try again.
  field("x-should-retry", "false"),
];

const textOf = (headers: readonly HeaderField[]): string =>
  headers.map(({ name, value }) => `${name}: ${value}`).join("\n");

function headLength(head: ResponseHead): number | undefined {
  const length = firstValue(head.headers, "content-length");
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

const recordedHeaders = (headers: readonly HeaderField[]): Record<string, string> =>
  Object.fromEntries(
    headers
      .filter(({ name }) => name === "content-type" || name === "retry-after")
      .map(({ name, value }) => [name, value]),
  );
