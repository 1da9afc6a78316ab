import { z } from "zod";

/** Name of a credential, route or rule: kebab-case, as people type it. */
export const Name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "use lower-case letters, digits, '-', '_' and '.'");

/** Where a host rule matches: a host name, or `*.suffix` (which does not match the suffix itself). Never an IP literal. */
export const HostPattern = z
  .string()
  .regex(
    /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/,
    "a host name in lower case, or *.suffix",
  )
  .refine((host) => !/^(\d+\.)*\d+$/.test(host), "an IP address cannot be a route's host: give the host name")
  .refine((host) => host !== "*" && !/^\*\.[^.]+$/.test(host), "a whole top-level domain is too wide")
  .meta({ description: "Host name (exact), or *.suffix for every name below it" });

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
  cpus: z.number().positive().default(2),
  memoryBytes: z
    .int()
    .positive()
    .default(4 * 1024 ** 3),
  processes: z.int().positive().default(512),
  diskBytes: z
    .int()
    .positive()
    .default(10 * 1024 ** 3)
    .meta({ description: "Home, /tmp and what the workspace grew by" }),
  timeoutSeconds: z
    .number()
    .positive()
    .default(4 * 3600),
  outputBytes: z
    .int()
    .positive()
    .default(64 * 1024 ** 2)
    .meta({ description: "Kept of each output stream on disk" }),
});
export type Limits = z.output<typeof Limits>;

export const Mount = z.strictObject({
  source: z.string().startsWith("/"),
  target: z.string().startsWith("/"),
  writable: z.boolean().default(false),
});
export type Mount = z.output<typeof Mount>;

/** The resolved rules of one sandbox. Holds no secret value: it is written to `policy.json` as it is. */
export const Policy = z.strictObject({
  version: z.literal(1).default(1),
  routes: z.array(Route).default([]).meta({ description: "In order: the first that matches decides" }),
  credentials: z.array(Credential).default([]),
  limits: Limits.prefault({}),
  mounts: z.array(Mount).default([]),
  environment: z.record(z.string(), z.string()).default({}).meta({ description: "Literal variables of the agent" }),
  unixSockets: z
    .enum(["deny", "allow"])
    .default("deny")
    .meta({ description: "Whether the agent may make unix sockets" }),
});
export type Policy = z.output<typeof Policy>;
