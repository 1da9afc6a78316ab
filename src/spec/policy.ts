import * as z from "zod";
import { defaultLimits } from "./default-limits.ts";
import { hostPatternProblem } from "./host-pattern.ts";

/** Name of a credential, route or rule: kebab-case, as people type it. */
export const Name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "use lower-case letters, digits, '-', '_' and '.'");

/** Where a host rule matches: a host name, or `*.suffix` (which does not match the suffix itself). Never an IP literal. */
export const HostPattern = z
  .string()
  .check((context) => {
    const problem = hostPatternProblem(context.value);
    if (problem) context.issues.push({ code: "custom", message: problem, input: context.value });
  })
  .meta({
    format: "host-pattern",
    description: "Host name in lower case (exact), or *.suffix for every name below it",
  });

export const PathMatch = z
  .union([
    z.strictObject({ exact: z.string().startsWith("/") }),
    z.strictObject({ prefix: z.string().startsWith("/") }),
    z.strictObject({ pattern: z.string().startsWith("/") }),
  ])
  .meta({ description: "exact, prefix (whole segments), or pattern: * is one segment, ** is any number of segments" });

export const HeaderMatch = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9-]+$/),
  value: z.string().optional().meta({ description: "Exact value; without it the header only has to be there" }),
});

export const Injection = z.discriminatedUnion("as", [
  z.strictObject({ as: z.literal("bearer") }),
  z.strictObject({ as: z.literal("basic"), user: z.string().default("x-access-token") }),
  z.strictObject({ as: z.literal("header"), name: z.string().regex(/^[A-Za-z0-9-]+$/) }),
  z.strictObject({ as: z.literal("query"), name: z.string().min(1) }),
]);

export type Injection = z.output<typeof Injection>;

export const ModelApi = z.enum(["anthropic", "openai"]);
export type ModelApi = z.output<typeof ModelApi>;

export const ExchangeAction = z.strictObject({
  fields: z.array(z.string().min(1)).default([]).meta({
    description:
      "Which fields of an answer hold secrets: a name (at any depth), or a path such as objects[].actions.*.header.Authorization; none = the usual ones (access_token, refresh_token, token, ...)",
  }),
  usedOn: z
    .array(HostPattern)
    .default([])
    .meta({ description: "Further hosts where the placeholders may be used; the route's own host is one" }),
});

export const Route = z.strictObject({
  name: Name.meta({ description: "The rule's name, told in refusals and in the audit log" }),
  host: HostPattern,
  ports: z.array(z.int().min(1).max(65_535)).min(1).default([443]),
  scheme: z.enum(["https", "http"]).default("https"),
  paths: z.array(PathMatch).default([]).meta({ description: "Any one must match; none = every path" }),
  methods: z
    .array(z.string().regex(/^[A-Z]+$/))
    .default([])
    .meta({ description: "None = every method" }),
  headers: z.array(HeaderMatch).default([]).meta({ description: "All must match" }),
  credential: z.strictObject({ name: Name, inject: z.array(Injection).min(1) }).optional(),
  upstream: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "Dial this origin instead of the route's host" }),
  extraCa: z.string().optional().meta({ description: "PEM of further roots that the upstream may chain to" }),
  allowAddresses: z
    .array(z.string())
    .default([])
    .meta({ description: "CIDRs, otherwise refused (private, loopback), that this route may dial" }),
  model: ModelApi.optional().meta({ description: "The wire format of a model API: its token use becomes events" }),
  http2: z.boolean().default(false),
  exchange: ExchangeAction.optional().meta({
    description:
      "Secrets that the server mints in its answers become placeholders, and secrets again where they are used",
  }),
  once: z.boolean().default(false).meta({ description: "Allows one request, then is gone" }),
});
export type Route = z.output<typeof Route>;

export const CredentialSource = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({
    command: z.array(z.string()).min(1).meta({ description: "Prints the value, or JSON {value, expiresAt}" }),
    refreshSeconds: z.number().positive().optional(),
  }),
  z.strictObject({ kept: Name.meta({ description: "What `caisson credentials set` or `caisson login` keeps" }) }),
  z.strictObject({
    npmrc: z.string().startsWith("//").meta({ description: "What the person's npmrc says for //HOST/PATH/" }),
  }),
  z.strictObject({
    pip: z.url().meta({ description: "The password that the person's pip configuration has for this index" }),
  }),
]);
export type CredentialSource = z.output<typeof CredentialSource>;

export const Credential = z.strictObject({
  name: Name,
  source: CredentialSource,
  placeholder: z
    .string()
    .min(16)
    .meta({ description: "What the agent holds instead; unique per sandbox and credential" }),
  environment: z.array(z.string()).default([]).meta({ description: "Variables inside that hold the placeholder" }),
});
export type Credential = z.output<typeof Credential>;

export const Limits = z.strictObject({
  cpus: z.number().positive().default(defaultLimits.cpus),
  memoryBytes: z.int().positive().default(defaultLimits.memoryBytes),
  processes: z.int().positive().default(defaultLimits.processes),
  diskBytes: z
    .int()
    .positive()
    .default(defaultLimits.diskBytes)
    .meta({ description: "Home, /tmp and what the workspace grew by" }),
  timeoutSeconds: z.number().positive().default(defaultLimits.timeoutSeconds),
  idleSeconds: z
    .number()
    .positive()
    .default(defaultLimits.idleSeconds)
    .meta({ description: "A session in which nothing goes on and to which nobody is attached ends after this long" }),
  outputBytes: z
    .int()
    .positive()
    .default(defaultLimits.outputBytes)
    .meta({ description: "Kept of the output in the log, the newest; older output is dropped, and that is said" }),
});
export type Limits = z.output<typeof Limits>;

export const Mount = z.strictObject({
  source: z.string().startsWith("/"),
  target: z.string().startsWith("/"),
  writable: z.boolean().default(false),
});
export type Mount = z.output<typeof Mount>;

const AnyPort = z.int().min(1).max(65_535);

export const PublishedPort = z.strictObject({
  hostAddress: z.string().meta({ description: "Address of the host that the gate listens on" }),
  hostPort: z.int().min(0).max(65_535).meta({ description: "0 = any free one" }),
  port: AnyPort.meta({ description: "Port inside" }),
});
export type PublishedPort = z.output<typeof PublishedPort>;

/** A container beside the agent, such as a database (docker). Its values are literals: no secret of the person's. */
export const Service = z.strictObject({
  name: z.string().meta({ description: "Also its host name, as the agent sees it" }),
  image: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).optional(),
  health: z
    .strictObject({
      test: z.array(z.string()).min(2).meta({ description: "As docker takes it: CMD or CMD-SHELL first" }),
      intervalSeconds: z.number().positive(),
      timeoutSeconds: z.number().positive(),
      startSeconds: z.number().nonnegative(),
      retries: z.int().positive(),
    })
    .optional(),
  memoryBytes: z.int().positive().optional(),
});
export type Service = z.output<typeof Service>;

/** The resolved rules of one sandbox. Holds no secret value: it is written to `policy.json` as it is. */
export const Policy = z.strictObject({
  version: z.literal(1).default(1),
  routes: z.array(Route).default([]).meta({ description: "In order: the first that matches decides" }),
  credentials: z.array(Credential).default([]),
  limits: Limits.prefault({}),
  mounts: z.array(Mount).default([]),
  image: z.string().optional().meta({ description: "Image of the agent, where it is not its provider's own (docker)" }),
  ports: z.array(PublishedPort).default([]).meta({ description: "Ports inside that are reachable from outside" }),
  services: z.array(Service).default([]).meta({ description: "Containers beside the agent (docker)" }),
  environment: z.record(z.string(), z.string()).default({}).meta({ description: "Literal variables of the agent" }),
  unixSockets: z
    .enum(["deny", "allow"])
    .default("deny")
    .meta({ description: "Whether the agent may make unix sockets" }),
});
export type Policy = z.output<typeof Policy>;
