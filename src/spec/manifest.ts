import * as z from "zod";
import { KebabName, ManifestAgent, SandboxNames } from "./manifest-agent.ts";
import { ExchangeAction, HeaderMatch, HostPattern, Injection, ModelApi, Name, PathMatch } from "./policy.ts";

const Bytes = z
  .union([z.int().positive(), z.string().regex(/^\d+(\.\d+)?\s*[kmgtKMGT]?i?[bB]?$/, "a size like 512m or 4g")])
  .meta({ description: "Bytes, or a size like 512m or 4g (powers of 1024)" });
const Port = z.int().min(1).max(65_535);
const Variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name: letters, digits and _");

const ManifestPath = z
  .union([z.string().startsWith("/"), PathMatch])
  .meta({ description: "/a/b = that path and all below it; with * a pattern: * is one segment, ** any number" });

/** A route to one host as a person writes it. */
const HostRoute = z.strictObject({
  host: HostPattern,
  name: Name.optional().meta({ description: "Told in refusals and in the audit log; by default the host" }),
  ports: z.array(Port).min(1).optional().meta({ description: "443, or 80 for scheme http" }),
  scheme: z.enum(["https", "http"]).optional(),
  paths: z.array(ManifestPath).optional().meta({ description: "Any one must match; none = every path" }),
  methods: z
    .array(z.string().regex(/^[A-Z]+$/, "a method in capitals"))
    .optional()
    .meta({ description: "None = every method" }),
  headers: z.array(HeaderMatch).optional().meta({ description: "All must match" }),
  credential: z
    .strictObject({ name: Name, inject: z.array(Injection).min(1) })
    .optional()
    .meta({ description: "A credential of this manifest, and how the gate injects it" }),
  upstream: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "Dial this origin instead of the host" }),
  extraCaFile: z.string().min(1).optional().meta({ description: "PEM of further roots, relative to the manifest" }),
  allowAddresses: z
    .array(z.string())
    .optional()
    .meta({ description: "CIDRs, otherwise refused (private, loopback), that this route may dial" }),
  model: ModelApi.optional().meta({ description: "A model API: its token use becomes events" }),
  http2: z.boolean().optional(),
  actions: z
    .array(z.strictObject({ exchange: z.union([z.literal(true), ExchangeAction]) }))
    .max(1)
    .optional()
    .meta({
      description:
        "exchange: secrets that the server mints in its answers become placeholders. `true` = the usual fields, used on this host",
    }),
});
export type HostRoute = z.output<typeof HostRoute>;

const PresetRoute = z.strictObject({
  preset: Name.meta({ description: "npm, pypi, apt, github, anthropic, openai, ..." }),
});

/** What every route of a provider gets: a company's own model gateway in the place of the vendor's host. */
const ProviderSettings = z.strictObject({
  upstream: z.url({ protocol: /^https?$/ }).meta({ description: "Dial this origin instead of the provider's host" }),
  extraCaFile: z.string().min(1).optional(),
  allowAddresses: z.array(z.string()).optional(),
});
export type ProviderSettings = z.output<typeof ProviderSettings>;

const environment = z.array(Variable).optional().meta({ description: "Variables inside that hold the placeholder" });

const ManifestCredential = z.union([
  z.strictObject({ env: Variable.meta({ description: "Host variable that holds the value" }), environment }),
  z.strictObject({
    file: z.string().min(1).meta({ description: "File that holds the value; read again when it changes" }),
    environment,
  }),
  z.strictObject({
    command: z.array(z.string()).min(1).meta({ description: "Prints the value, or JSON {value, expiresAt}" }),
    refreshSeconds: z.number().positive().optional(),
    environment,
  }),
  z.strictObject({
    kept: Name.meta({ description: "Kept by `caisson credentials set NAME` or `caisson login`, sealed" }),
    environment,
  }),
]);
export type ManifestCredential = z.output<typeof ManifestCredential>;

const ManifestVariable = z
  .union([
    z.string(),
    z.strictObject({ host: Variable.meta({ description: "Taken from this variable of the host" }) }),
    z.strictObject({ ask: z.string().min(1).meta({ description: "Asked for at launch, with this question" }) }),
  ])
  .meta({ description: "A literal, { host: NAME } or { ask: QUESTION }" });
export type ManifestVariable = z.output<typeof ManifestVariable>;

const ManifestService = z.strictObject({
  image: z.string().min(1),
  environment: z
    .record(Variable, z.string())
    .default({})
    .meta({ description: "Literals; no secrets: they are written to files" }),
  command: z.array(z.string()).min(1).optional(),
  health: z
    .strictObject({
      test: z
        .union([z.string().min(1), z.array(z.string()).min(1)])
        .meta({ description: "Run inside it, by its shell when it is one text; exit 0 = healthy" }),
      interval: z.string().optional().meta({ description: "A duration; 1s when not said" }),
      timeout: z.string().optional().meta({ description: "A duration; 3s when not said" }),
      start: z.string().optional().meta({ description: "A duration in which a failed check does not count" }),
      retries: z.int().min(1).max(1_000).optional().meta({ description: "30 when not said" }),
    })
    .optional()
    .meta({ description: "The agent starts when it passes" }),
  memory: Bytes.optional().meta({ description: "1g when not said" }),
});
export type ManifestService = z.output<typeof ManifestService>;

const OneLine = z
  .string()
  .min(1)
  .regex(/^[^\r\n\0]*$/, "one line of text");

const GitRules = z
  .strictObject({
    user: z
      .strictObject({ name: OneLine.optional(), email: OneLine.optional() })
      .default({})
      .meta({ description: "Who the agent's commits are by; by default what git says here" }),
  })
  .meta({ description: "Git inside the sandbox" });

const Limits = z.strictObject({
  cpus: z.number().positive().optional(),
  memory: Bytes.optional(),
  processes: z.int().positive().optional(),
  disk: Bytes.optional().meta({ description: "Home, /tmp and what the workspace grew by" }),
  timeout: z.string().optional().meta({ description: "A duration like 30m" }),
  idle: z
    .string()
    .optional()
    .meta({ description: "A session that does nothing for this long, with nobody attached, ends" }),
});

const Mount = z.strictObject({
  source: z.string().min(1),
  target: z.string().startsWith("/"),
  writable: z.boolean().default(false),
});

const providers = z.record(Name, ProviderSettings);
const routes = z.array(z.union([PresetRoute, HostRoute]));
const credentials = z.record(Name, ManifestCredential);
const variables = z.record(Variable, ManifestVariable);
const mounts = z.array(Mount);
const services = z.record(z.string(), ManifestService).meta({
  description: "Containers beside the agent, such as databases, reached by their names (docker)",
});
const ports = z.array(z.union([Port, z.string().min(1)])).meta({
  description: "Ports inside to publish: PORT, HOSTPORT:PORT or ADDRESS:HOSTPORT:PORT; host port 0 = any free one",
});
const SecretsRules = z
  .strictObject({
    show: z.array(z.string().min(1)).default([]).meta({ description: "What the agent may see all the same" }),
    hide: z.array(z.string().min(1)).default([]).meta({ description: "What is masked beside what is found" }),
  })
  .meta({ description: "Secrets in workspaces, as patterns: NAME in any folder, FOLDER/NAME from the top, * and **" });
const scalars = {
  secrets: SecretsRules.optional(),
  git: GitRules.optional(),
  unixSockets: z.enum(["deny", "allow"]).optional(),
  engine: z.enum(["local", "docker"]).optional().meta({ description: "By default docker, where it is ready" }),
  image: z.string().min(1).optional().meta({ description: "Image of agents on the docker engine that name none" }),
  dockerfile: z.string().min(1).optional().meta({ description: "The same as a Dockerfile; goes before image" }),
};

/** A named set of rules. What it leaves out its parents say; an explicit empty list or map clears all that is weaker. */
export const ManifestSandbox = z.strictObject({
  extends: SandboxNames.optional().meta({ description: "Its parents, folded left to right; what is said here wins" }),
  providers: providers.optional(),
  routes: routes.optional(),
  credentials: credentials.optional(),
  limits: Limits.optional(),
  environment: variables.optional(),
  mounts: mounts.optional(),
  services: services.optional(),
  ports: ports.optional(),
  ...scalars,
});
export type ManifestSandbox = z.output<typeof ManifestSandbox>;

/** `caisson.yaml`. The person's own (`--manifest`, `~/.config/caisson/`) counts whole; one in a repository brings agents alone (invariant 8). */
export const Manifest = z.strictObject({
  $schema: z.string().optional(),
  agents: z.record(KebabName, ManifestAgent).default({}),
  sandboxes: z.record(KebabName, ManifestSandbox).default({}),
  providers: providers.default({}),
  routes: routes.default([]),
  credentials: credentials.default({}),
  limits: Limits.default({}),
  environment: variables.default({}),
  mounts: mounts.default([]),
  services: services.default({}),
  ports: ports.default([]),
  ...scalars,
});
export type Manifest = z.output<typeof Manifest>;
