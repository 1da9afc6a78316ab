import type { PackageClientFacts } from "../spec/package-clients.ts";
import type { Policy } from "../spec/policy.ts";
import type { ManifestLayer } from "./manifest-layer.ts";
import { placeOf } from "./manifest-layer.ts";
import type { Note } from "./note.ts";
import type { PolicyProvider } from "./policy-provider.ts";
import { resolveCredentials } from "./resolve-credentials.ts";
import { type EnvironmentLayer, parseEnvironmentFlags, resolveEnvironment } from "./resolve-environment.ts";
import { type LimitsInput, limitsFromEnvironment, resolveLimits } from "./resolve-limits.ts";
import { resolveMounts } from "./resolve-mounts.ts";
import { resolvePorts } from "./resolve-ports.ts";
import { resolveRoutes } from "./resolve-routes.ts";
import { resolveServices } from "./resolve-services.ts";

/** All that a policy is resolved from. Pure data but for `unique`, which gives 32 fresh hex digits. */
export interface PolicyInput {
  /** Weakest first, of what is trusted alone (`trustLayers`), with the chosen sandboxes (`foldSandboxes`). */
  readonly layers: readonly ManifestLayer[];
  readonly provider?: PolicyProvider | undefined;
  readonly clients: PackageClientFacts;
  readonly flags: {
    /** `--allow`: HOST[:PORT][/PATH], or a preset's name. */
    readonly allow: readonly string[];
    /** `--env`: NAME=VALUE, or NAME. */
    readonly env: readonly string[];
    /** `--publish`: PORT, HOSTPORT:PORT or ADDRESS:HOSTPORT:PORT. */
    readonly publish: readonly string[];
    readonly limits: LimitsInput;
  };
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  /** What the person answered to `environmentQuestions`. */
  readonly answers?: Readonly<Record<string, string>>;
  readonly home: string;
  readonly unique: () => string;
}

/** A policy, and how it came to be. */
export interface ResolvedPolicy {
  readonly policy: Policy;
  readonly notes: readonly Note[];
  /** Where each value was said, by a key such as `limits.cpus`, `route.npm`, `environment.CI`. */
  readonly sources: Readonly<Record<string, string>>;
  /** Files of the private home that make clients inside use the same registries, by path relative to it. */
  readonly homeFiles: readonly { readonly path: string; readonly text: string }[];
}

/**
 * The rules of one sandbox: manifests < CAISSON_* variables < flags. Fails before anything is started on what is missing,
 * unknown or unsafe; what was left out is in `notes`.
 */
export function resolvePolicy(input: PolicyInput): ResolvedPolicy {
  const { layers } = input;
  const routed = resolveRoutes({
    provider: input.provider,
    layers,
    allow: input.flags.allow,
    clients: input.clients,
    hostEnvironment: input.hostEnvironment,
  });
  const presetNeeds = routed.contributions.flatMap((c) => c.credentials);
  const held = resolveCredentials(routed.routes, {
    needs: [...presetNeeds, ...(input.provider?.credentials ?? [])],
    layers,
    home: input.home,
    unique: input.unique,
  });
  const placeholders = held.credentials.flatMap((c) => c.environment.map((name): [string, string] => [name, c.name]));
  const beside = resolveServices(layers);
  const chosen = resolveEnvironment(environmentLayers(layers, input.flags.env), {
    host: input.hostEnvironment,
    answers: input.answers ?? {},
    placeholders: Object.fromEntries(placeholders),
    services: beside.services.map(({ name }) => name),
    credentialVariables: held.credentials.flatMap((c) => ("env" in c.source ? [c.source.env] : [])),
  });
  const limited = resolveLimits([
    ...layers.map((layer) => ({
      from: (limit: string) => placeOf(layer, ["limits", limit]),
      limits: layer.manifest.limits,
    })),
    limitsFromEnvironment(input.hostEnvironment),
    { from: (limit) => `--${limit}`, limits: input.flags.limits },
  ]);
  const mounted = resolveMounts(layers, input.home);
  const published = resolvePorts(layers, input.flags.publish);
  const sockets = layers.findLast((layer) => layer.manifest.unixSockets !== undefined);
  const policy: Policy = {
    version: 1,
    routes: routed.routes.map((placed) => placed.route),
    credentials: held.credentials,
    limits: limited.limits,
    mounts: mounted.mounts,
    ports: published.ports,
    services: [...beside.services],
    environment: { ...Object.assign({}, ...routed.contributions.map((c) => c.environment)), ...chosen.environment },
    unixSockets: sockets?.manifest.unixSockets ?? "deny",
  };
  return {
    policy,
    notes: [...routed.notes, ...clientNotes(input.clients), ...chosen.notes, ...published.notes],
    sources: {
      ...Object.fromEntries(routed.routes.map(({ route, from }) => [`route.${route.name}`, from])),
      ...held.sources,
      ...limited.sources,
      ...mounted.sources,
      ...published.sources,
      ...beside.sources,
      ...chosen.sources,
      unixSockets: sockets ? placeOf(sockets, ["unixSockets"]) : "default",
    },
    homeFiles: routed.contributions.flatMap((c) => c.files),
  };
}

function environmentLayers(layers: readonly ManifestLayer[], flags: readonly string[]): readonly EnvironmentLayer[] {
  return [
    ...layers.map((layer) => ({
      from: (name: string) => placeOf(layer, ["environment", name]),
      variables: layer.manifest.environment,
    })),
    parseEnvironmentFlags(flags),
  ];
}

function clientNotes(clients: PackageClientFacts): readonly Note[] {
  return clients.notes.map((text) => ({ level: "info", code: "package_source_skipped", text }));
}
