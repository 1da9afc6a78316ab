import type { Route } from "../../spec/policy.ts";
import { compilePath } from "./match-path.ts";

/** A route with its tests made ready, in the order of the policy. */
export interface CompiledRoute {
  readonly route: Route;
  readonly ports: ReadonlySet<number>;
  readonly methods: ReadonlySet<string> | undefined;
  readonly paths: readonly ((path: string) => boolean)[] | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string | undefined }[];
}

/** The routes of a policy, ready to be asked for a host. */
export interface CompiledRoutes {
  readonly routes: readonly CompiledRoute[];
  /** The routes whose host rule covers this host, in policy order. */
  forHost(host: string): readonly CompiledRoute[];
}

const knownHosts = 1_000;

/** Prepares routes for matching. `reuse` may hand back an earlier compiled form of the same route, to keep what hangs on it. */
export function compileRoutes(
  routes: readonly Route[],
  reuse: (route: Route) => CompiledRoute | undefined = () => undefined,
): CompiledRoutes {
  const compiled = routes.map((route) => reuse(route) ?? compileRoute(route));
  const cache = new Map<string, readonly CompiledRoute[]>();
  return {
    routes: compiled,
    forHost(host) {
      const known = cache.get(host);
      if (known) return known;
      const found = compiled.filter(({ route }) => hostMatches(route.host, host));
      // The agent chooses the hosts that it asks for: the cache must not grow with them.
      if (cache.size >= knownHosts) cache.clear();
      cache.set(host, found);
      return found;
    },
  };
}

function compileRoute(route: Route): CompiledRoute {
  return {
    route,
    ports: new Set(route.ports),
    methods: route.methods.length > 0 ? new Set(route.methods) : undefined,
    paths: route.paths.length > 0 ? route.paths.flatMap((rule) => compilePath(rule) ?? []) : undefined,
    headers: route.headers.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
  };
}

const hostMatches = (pattern: string, host: string): boolean =>
  pattern.startsWith("*.") ? host.length > pattern.length - 1 && host.endsWith(pattern.slice(1)) : host === pattern;
