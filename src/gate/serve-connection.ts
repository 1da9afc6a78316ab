import type { Socket } from "node:net";
import type { CompiledRoute } from "../policy/match/compile-routes.ts";
import { parseAuthority } from "../policy/match/parse-authority.ts";
import { parseHost } from "../policy/match/parse-host.ts";
import type { GateContext } from "./gate-context.ts";
import { AgentConnection } from "./http1/agent-connection.ts";
import type { ConnectionOwner, UnreadAnswer } from "./http1/connection-owner.ts";
import { readRequestFraming } from "./http1/framing.ts";
import { firstValue, valuesOf } from "./http1/header-list.ts";
import type { RequestHead } from "./http1/parse-head.ts";
import type { Entrance } from "./http1/read-request.ts";
import { serveHttp2 } from "./http2/serve-http2.ts";
import { type AuditEntry, auditDecision } from "./request/audit-entry.ts";
import { Exchange } from "./request/exchange.ts";
import { type Refusal, wordRefusal } from "./request/refusal.ts";
import type { SandboxState } from "./sandbox-state.ts";
import { leafContextsOf } from "./tls/leaf-contexts.ts";
import { openTunnel } from "./tunnel.ts";

/** Serves one connection that a sandbox opened to the proxy, to its end. */
export function serveConnection(context: GateContext, sandbox: SandboxState, socket: Socket): void {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => sandbox.sockets.delete(socket));
  if (sandbox.sockets.size >= context.limits.connections) {
    const refusal = { rule: "connections", reason: `a sandbox may have ${context.limits.connections} connections` };
    endSoon(context, socket, refuse(context, blank(sandbox), refusal).bytes);
    return;
  }
  sandbox.sockets.add(socket);
  new AgentConnection(ownerOf(context, sandbox), socket, { kind: "proxy" });
}

function ownerOf(
  context: GateContext,
  sandbox: SandboxState,
  entrance?: Entrance & { kind: "tunnel" },
): ConnectionOwner {
  return {
    limits: context.limits,
    deadlines: context.deadlines,
    request: (stream) => new Exchange(context, sandbox, stream).start(),
    connect: (head, socket, rest) => connect(context, sandbox, head, socket, rest),
    unread: (head, why) => {
      const scheme = entrance?.scheme ?? "http";
      const place = entrance ? { host: entrance.host, port: entrance.port } : placeOf(head);
      const path = sandbox.scanner.findInText(pathOf(head)) === undefined ? pathOf(head) : "/[redacted]";
      return refuse(context, { ...blank(sandbox), ...place, scheme, method: head?.method ?? "-", path }, why);
    },
  };
}

/** A CONNECT: checked as far as it says something; what is asked inside is decided request by request. */
function connect(context: GateContext, sandbox: SandboxState, head: RequestHead, socket: Socket, rest: Buffer): void {
  const target = readConnect(head);
  const deny = (refusal: Refusal, place: { host: string; port: number }) => {
    const entry = { ...blank(sandbox), ...place, method: "CONNECT", scheme: "https" };
    endSoon(context, socket, refuse(context, entry, refusal).bytes);
  };
  if ("rule" in target) {
    deny(target, placeOf(head));
    return;
  }
  const sighted = sandbox.scanner.findInText(`${target.host}\n${head.headers.map(({ value }) => value).join("\n")}`);
  if (sighted !== undefined) {
    // What gave it away is not repeated: it may be a real credential.
    const host = sandbox.scanner.findInText(target.host) === undefined ? target.host : "[redacted]";
    const sighting = { credential: sighted, action: "blocked", host, where: "CONNECT" } as const;
    context.send({ type: "sighting", sandbox: sandbox.id, ...sighting });
    deny({ rule: "placeholder", reason: `the placeholder of ${sighted} was in the CONNECT` }, { ...target, host });
    return;
  }
  const routes = sandbox.policy.routes.forHost(target.host).filter(({ ports }) => ports.has(target.port));
  // A host that no route names is let in as far as here, so that the agent reads the refusal as an answer over its own
  // TLS: of a refused CONNECT most clients show no more than a number.
  if (routes.length === 0 && !webPorts.has(target.port)) {
    deny({ rule: "no-route", reason: "no route allows this host and port" }, target);
    return;
  }
  if (!sandbox.authority) {
    deny({ rule: "not-configured", reason: "the gate has no policy for this sandbox yet" }, target);
    return;
  }
  socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  if (rest.length > 0) socket.unshift(rest);
  tunnel(context, sandbox, socket, { ...target, routes });
}

const webPorts = new Set([80, 443, 8080, 8443]);

function tunnel(
  context: GateContext,
  sandbox: SandboxState,
  socket: Socket,
  target: { readonly host: string; readonly port: number; readonly routes: readonly CompiledRoute[] },
): void {
  const { host, port, routes } = target;
  const deny = (refusal: Refusal, answer?: Socket) => {
    const entry = { ...blank(sandbox), host, port, method: "CONNECT", scheme: "https" };
    const { bytes } = refuse(context, entry, refusal);
    if (answer) endSoon(context, answer, bytes);
  };
  const contextOfLeaf = () => {
    if (!sandbox.authority) throw new Error("a tunnel needs a CA");
    return leafContextsOf(sandbox.authority, context.clock, context.limits).contextFor(host);
  };
  const protocols = routes.some(({ route }) => route.http2) ? ["h2", "http/1.1"] : ["http/1.1"];
  openTunnel(context, socket, { context: contextOfLeaf, protocols }, (outcome) => {
    if (outcome.kind === "failed") {
      if (routes.length === 0) deny({ rule: "no-route", reason: "no route allows this host" });
      else if (outcome.hadBytes) deny({ rule: "tls", reason: outcome.reason });
      return;
    }
    if (outcome.kind === "tls" && outcome.name?.toLowerCase() !== host) {
      const reason =
        outcome.name === undefined ? "the TLS client names no host (SNI)" : "the TLS client names another host (SNI)";
      deny({ rule: "host-mismatch", reason }, outcome.socket);
      return;
    }
    const scheme = outcome.kind === "tls" ? "https" : "http";
    const entrance = { kind: "tunnel", scheme, host, port } as const;
    const owner = ownerOf(context, sandbox, entrance);
    if (outcome.kind === "tls" && outcome.protocol === "h2") void serveHttp2(owner, outcome.socket, entrance);
    else new AgentConnection(owner, outcome.socket, entrance);
  });
}

/** Says a last word; what the agent still sends is read for a moment, or it would reset the word away. */
function endSoon(context: GateContext, socket: Socket, bytes: Buffer): void {
  socket.end(bytes);
  socket.resume();
  setTimeout(() => socket.destroy(), context.limits.lingerMs).unref();
}

function readConnect(head: RequestHead): { readonly host: string; readonly port: number } | Refusal {
  const target = parseAuthority(head.target);
  if ("rule" in target) return target;
  const framing = readRequestFraming(head.headers, head.minor);
  if ("malformed" in framing || framing.kind !== "none") return { rule: "malformed", reason: "a CONNECT has no body" };
  const hosts = valuesOf(head.headers, "host");
  // Some clients send no Host with CONNECT, or one without the port; none may send another one.
  if (hosts.length > 1) return { rule: "malformed", reason: "the host header is given more than once" };
  const named = hosts[0] === undefined ? target : parseAuthority(hosts[0], target.port);
  if ("rule" in named) return named;
  if (named.host !== target.host || named.port !== target.port) {
    return { rule: "host-mismatch", reason: "the host header is not the CONNECT's target" };
  }
  return { host: target.host, port: target.port };
}

const blank = (sandbox: SandboxState): AuditEntry => ({
  sandbox: sandbox.id,
  startedAt: performance.now(),
  method: "-",
  scheme: "http",
  host: "-",
  port: 0,
  path: "",
  requestBytes: 0,
  responseBytes: 0,
});

// For the audit line of a request that was refused unread: what it seemed to be about, in safe characters only.
function placeOf(head: RequestHead | undefined): { host: string; port: number } {
  const text = head?.method === "CONNECT" ? head.target : firstValue(head?.headers ?? [], "host");
  const host = (text ?? "-").slice(0, 253).replace(/[^A-Za-z0-9.:[\]_-]/g, "?");
  const parsed = parseHost(host);
  return { host: "host" in parsed ? parsed.host : host, port: 0 };
}

const pathOf = (head: RequestHead | undefined): string =>
  head?.target.startsWith("/") ? (head.target.split("?", 1)[0] ?? "").slice(0, 512) : "";

function refuse(context: GateContext, entry: AuditEntry, refusal: Refusal): UnreadAnswer {
  const answer = wordRefusal(entry, refusal, undefined);
  entry.status = answer.status;
  const decision = auditDecision(context.clock, entry, refusal.rule === "placeholder" ? "alarm" : "refuse", refusal);
  context.send({ type: "audit", decision, ...(answer.hint === undefined ? {} : { hint: answer.hint }) });
  const reason = answer.text.trim().replace(/[^\x20-\x7e]/g, "?");
  const head = [
    `HTTP/1.1 ${answer.status} ${reason}`,
    "content-type: text/plain; charset=utf-8",
    `content-length: ${Buffer.byteLength(answer.text)}`,
    `x-caisson-rule: ${refusal.rule}`,
    "x-should-retry: false",
    "connection: close",
  ];
  return { ...answer, bytes: Buffer.from(`${head.join("\r\n")}\r\n\r\n${answer.text}`, "utf8") };
}
