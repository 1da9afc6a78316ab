import { z } from "zod";
import { CredentialSource, HostPattern, Injection, ModelApi, Name, PathMatch } from "./policy.ts";

const Bytes = z.union([z.int().positive(), z.string().regex(/^\d+(\.\d+)?\s*[kmgtKMGT]?i?[bB]?$/)]);

/** One route as a person writes it: `preset: npm`, or a host with what is allowed there. */
const ManifestRoute = z.union([
  z.strictObject({ preset: Name }),
  z.strictObject({
    host: HostPattern,
    name: Name.optional(),
    ports: z.array(z.int().min(1).max(65_535)).optional(),
    scheme: z.enum(["https", "http"]).optional(),
    paths: z.array(PathMatch).optional(),
    methods: z.array(z.string()).optional(),
    headers: z.array(z.strictObject({ name: z.string(), value: z.string().optional() })).optional(),
    credential: z.strictObject({ name: Name, inject: z.array(Injection).min(1) }).optional(),
    upstream: z.url().optional(),
    extraCaFile: z.string().optional(),
    allowAddresses: z.array(z.string()).optional(),
    model: ModelApi.optional(),
    http2: z.boolean().optional(),
  }),
]);

/** An agent of a manifest: provider + instructions. */
const ManifestAgent = z.strictObject({
  provider: Name,
  model: z.string().optional(),
  instructions: z.string().optional().meta({ description: "Text put before every prompt" }),
  skills: z.array(z.string()).optional().meta({ description: "Folders with a SKILL.md, relative to the manifest" }),
  command: z.array(z.string()).optional().meta({ description: "For provider `command`" }),
});

/** `caisson.yaml`. Given with `--manifest`, or read from `~/.config/caisson/`; one in a repository is data only (invariant 8). */
export const Manifest = z.strictObject({
  $schema: z.string().optional(),
  agents: z.record(Name, ManifestAgent).default({}),
  routes: z.array(ManifestRoute).default([]),
  credentials: z.record(Name, CredentialSource).default({}),
  limits: z
    .strictObject({
      cpus: z.number().positive().optional(),
      memory: Bytes.optional(),
      processes: z.int().positive().optional(),
      disk: Bytes.optional(),
      timeout: z.string().optional(),
    })
    .default({}),
  environment: z.record(z.string(), z.union([z.string(), z.strictObject({ host: z.string() })])).default({}),
  mounts: z
    .array(z.strictObject({ source: z.string(), target: z.string(), writable: z.boolean().default(false) }))
    .default([]),
  unixSockets: z.enum(["deny", "allow"]).default("deny"),
});
export type Manifest = z.output<typeof Manifest>;
