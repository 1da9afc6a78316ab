import * as z from "zod";
import { Name, Route } from "./policy.ts";

// The control channel between a keeper and its gate: NDJSON over the gate's standard input and output, described in
// docs/gate-protocol.md. A local gate also has a Node IPC channel, used for nothing but handing over listening sockets.

/** What a gate needs to know of one sandbox. Secrets come in `credential` messages, never here. */
export const GateSandbox = z.strictObject({
  id: z.string(),
  version: z.int().positive().meta({ description: "Grows with each change; a lower one is refused" }),
  routes: z.array(Route),
  credentials: z.array(z.strictObject({ name: Name, placeholder: z.string().min(16) })),
  /** Addresses and CIDRs refused like private ones, unless a route's `allowAddresses` names them; hosts refused always. */
  forbiddenAddresses: z.array(z.string()).default([]),
  model: z.enum(["live", "record", "replay"]).default("live"),
  signIns: z
    .array(z.strictObject({ host: z.string(), path: z.string(), command: z.string() }))
    .optional()
    .meta({ description: "Where CLIs would sign in, and what a refusal tells the person to type instead" }),
});
export type GateSandbox = z.output<typeof GateSandbox>;

/** One recorded exchange with a model API; no credential in it. `digest` is over the normalised request. */
export const Exchange = z.strictObject({
  route: z.string(),
  model: z.string(),
  digest: z.string(),
  request: z.strictObject({ method: z.string(), path: z.string(), body: z.unknown() }),
  response: z.strictObject({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: z.string().meta({ description: "Text as received; an event stream stays one" }),
  }),
});
export type Exchange = z.output<typeof Exchange>;

const PortNumber = z.int().min(1).max(65_535);

export const ToGate = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("configure"),
    sandbox: GateSandbox,
    ca: z.strictObject({ certificate: z.string(), key: z.string() }).optional(),
    replay: z.array(Exchange).optional(),
  }),
  z.strictObject({
    type: z.literal("listen"),
    sandbox: z.string(),
    host: z.string(),
    port: z.int(),
    peers: z
      .array(z.string())
      .optional()
      .meta({ description: "Addresses that are served; all others are refused. Everybody when not said" }),
  }),
  z.strictObject({
    type: z.literal("publish"),
    sandbox: z.string(),
    id: z.string().meta({ description: "Comes back in the answer" }),
    host: z.string().meta({ description: "Address to listen on, outside" }),
    port: z.int().min(0).max(65_535).meta({ description: "0 = any free one" }),
    target: z.discriminatedUnion("kind", [
      z
        .strictObject({ kind: z.literal("tcp"), host: z.string(), port: PortNumber })
        .meta({ description: "The gate dials it by itself" }),
      z
        .strictObject({ kind: z.literal("handed"), port: PortNumber })
        .meta({ description: "The keeper hands over a connection for each `dial`" }),
    ]),
  }),
  z.strictObject({ type: z.literal("undialled"), sandbox: z.string(), dial: z.string(), reason: z.string() }),
  z.strictObject({
    type: z.literal("credential"),
    sandbox: z.string(),
    name: Name,
    value: z.string().nullable(),
    expiresAt: z.number().optional().meta({ description: "Unix milliseconds" }),
  }),
  z.strictObject({ type: z.literal("answer"), ask: z.string(), allow: z.boolean(), reason: z.string().optional() }),
  z.strictObject({ type: z.literal("remove"), sandbox: z.string() }),
  z.strictObject({ type: z.literal("ping"), id: z.string() }),
  z.strictObject({ type: z.literal("kill"), sandbox: z.string().optional() }),
]);
export type ToGate = z.output<typeof ToGate>;

/** One decision of the gate. Never holds a header value, a body, a query value or a secret. */
export const Decision = z.strictObject({
  sandbox: z.string(),
  ts: z.iso.datetime(),
  verdict: z.enum(["allow", "refuse", "alarm", "redact"]),
  rule: z.string().meta({
    description:
      "The route's name, or the built-in rule such as no-route, ip-literal, address, host-mismatch, malformed",
  }),
  reason: z.string(),
  method: z.string(),
  scheme: z.string(),
  host: z.string(),
  port: z.int(),
  path: z.string().meta({ description: "Without the query; at most 512 characters" }),
  address: z.string().optional().meta({ description: "The address dialled" }),
  status: z.int().optional(),
  requestBytes: z.int().optional(),
  responseBytes: z.int().optional(),
  durationMs: z.number().optional(),
  credential: z.string().optional(),
});
export type Decision = z.output<typeof Decision>;

export const FromGate = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ready"), protocol: z.literal(1) }),
  z.strictObject({ type: z.literal("configured"), sandbox: z.string(), version: z.int() }),
  z.strictObject({ type: z.literal("rejected"), sandbox: z.string(), reason: z.string() }),
  z.strictObject({ type: z.literal("listening"), sandbox: z.string(), host: z.string(), port: z.int() }),
  z.strictObject({
    type: z.literal("published"),
    sandbox: z.string(),
    id: z.string(),
    host: z.string(),
    port: z.int(),
  }),
  z.strictObject({
    type: z.literal("unpublished"),
    sandbox: z.string(),
    id: z.string(),
    code: z.string().meta({ description: "The system's, such as EADDRINUSE" }),
    reason: z.string(),
  }),
  z
    .strictObject({ type: z.literal("dial"), sandbox: z.string(), dial: z.string(), port: z.int() })
    .meta({ description: "Asks for a connection to this port inside" }),
  z.strictObject({ type: z.literal("pong"), id: z.string() }),
  z.strictObject({ type: z.literal("audit"), decision: Decision, hint: z.string().optional() }),
  z.strictObject({
    type: z.literal("sighting"),
    sandbox: z.string(),
    credential: Name,
    action: z.enum(["blocked", "redacted"]),
    host: z.string(),
    where: z.string(),
  }),
  z.strictObject({
    type: z.literal("usage"),
    sandbox: z.string(),
    route: z.string(),
    model: z.string(),
    inputTokens: z.int(),
    outputTokens: z.int(),
    cacheReadTokens: z.int(),
    cacheWriteTokens: z.int(),
  }),
  z
    .strictObject({ type: z.literal("spent"), sandbox: z.string(), route: Name })
    .meta({ description: "A `once` route was used" }),
  z.strictObject({ type: z.literal("exchange"), sandbox: z.string(), exchange: Exchange }),
  z.strictObject({
    type: z.literal("missed"),
    sandbox: z.string(),
    route: z.string(),
    model: z.string(),
    reason: z.string(),
  }),
  z.strictObject({ type: z.literal("ask"), sandbox: z.string(), ask: z.string(), kind: z.string(), text: z.string() }),
  z.strictObject({ type: z.literal("fault"), sandbox: z.string().optional(), message: z.string() }),
]);
export type FromGate = z.output<typeof FromGate>;

/** The IPC message that carries a listening socket (as its handle) from the keeper to a local gate. */
export interface ListenerMessage {
  readonly type: "listener";
  readonly sandbox: string;
}

/** The IPC message that carries a connection inside (as its handle), asked for by `dial`, to a local gate. */
export interface DialledMessage {
  readonly type: "dialled";
  readonly sandbox: string;
  readonly dial: string;
}
