import type { PackageSource } from "../../spec/package-clients.ts";
import type { Route } from "../../spec/policy.ts";
import type { Note } from "../note.ts";
import { unusedName } from "../route-name.ts";
import { type CredentialNeed, makeRoute } from "./preset.ts";

/** A package source as the sandbox sees it. */
export interface RegistryRoute {
  readonly source: PackageSource;
  readonly route: Route;
  /** The URL that the client inside is given: the machine's own, or an alias where that is an address or localhost. */
  readonly insideUrl: string;
}

/**
 * Read-only routes (GET and HEAD, below the source's own path) to the sources that the person's own configuration
 * names. A private address may be dialled for such a source alone. What only the workspace names becomes a note.
 */
export function registryRoutes(preset: string, sources: readonly PackageSource[]) {
  const registries: RegistryRoute[] = [];
  const credentials: CredentialNeed[] = [];
  const taken = new Set<string>();
  for (const source of sources.filter((s) => s.trusted)) {
    const made = registryRoute(unusedName(routeNameFor(preset, source), taken), source);
    const twin = registries.find((r) => r.source.url === source.url);
    if (twin) {
      registries.push({ ...twin, source });
      continue;
    }
    taken.add(made.route.name);
    registries.push(made);
    const { name } = made.route;
    if (source.signIn) {
      credentials.push({
        name,
        source: source.signIn.source,
        environment: [],
        placeholder: (unique) => `caisson-${unique}`,
      });
    }
  }
  const hosts = new Set(registries.map((r) => new URL(r.source.url).host));
  const strangers = sources.filter((s) => !s.trusted && !hosts.has(new URL(s.url).host));
  const routes = [...new Map(registries.map((r) => [r.route.name, r.route])).values()];
  return { registries, routes, credentials, notes: strangers.map((source) => strangerNote(preset, source)) };
}

function registryRoute(name: string, source: PackageSource): RegistryRoute {
  const url = new URL(source.url);
  const isAlias = url.hostname === "localhost" || url.hostname.startsWith("[") || /^[\d.]+$/.test(url.hostname);
  // The gate refuses addresses as hosts, and inside, localhost is the sandbox: such a registry gets a name of its own.
  const host = isAlias ? `${name.replaceAll(/[._]/g, "-")}.registry.internal` : url.hostname;
  const scheme = url.protocol === "http:" ? "http" : "https";
  const standard = scheme === "http" ? 80 : 443;
  const port = isAlias || url.port === "" ? standard : Number(url.port);
  const path = url.pathname.replace(/\/+$/, "");
  const route = makeRoute({
    name,
    host,
    scheme,
    ports: [port],
    paths: path === "" ? [] : [{ prefix: path }],
    methods: ["GET", "HEAD"],
    allowAddresses: [...source.privateAddresses],
    ...(isAlias ? { upstream: url.origin } : {}),
    ...(source.signIn ? { credential: { name, inject: [source.signIn.inject] } } : {}),
  });
  return { source, route, insideUrl: `${scheme}://${host}${port === standard ? "" : `:${port}`}${url.pathname}` };
}

function routeNameFor(preset: string, source: PackageSource): string {
  const scope = source.scope
    ?.slice(1)
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, "-");
  if (scope) return `${preset}-${scope}`.slice(0, 64);
  return source.role === "main" ? preset : `${preset}-${source.role}`;
}

function strangerNote(preset: string, source: PackageSource): Note {
  const { host } = new URL(source.url);
  const text = `${source.from} in the workspace names ${host}, which your own configuration does not: not allowed (to allow it: --allow ${host})`;
  return { level: "warning", code: "registry_untrusted", text: `preset ${preset}: ${text}` };
}
