import type { CompiledRoute, CompiledRoutes } from "./compile-routes.ts";

/** What a route is matched against. Everything has been parsed: nothing here is raw text of the agent. */
export interface RequestFacts {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly readings: readonly string[];
  /** All values of a header, by its lower-case name. */
  headerValues(name: string): readonly string[];
}

/** Why one route did not match, from the farthest to the nearest miss. */
export type Miss = "scheme" | "port" | "path" | "method" | "header" | "spent";

export type RouteOutcome = "match" | "ambiguous" | "overridden" | Miss;

export type RequestVerdict =
  | { readonly allow: true; readonly route: CompiledRoute }
  | { readonly allow: false; readonly rule: string; readonly reason: string };

const nearness: readonly Miss[] = ["scheme", "port", "path", "method", "header", "spent"];

/** The first route that matches decides; without one the request is refused, and the nearest miss gives the reason. */
export function decideRequest(
  routes: CompiledRoutes,
  facts: RequestFacts,
  isSpent: (route: CompiledRoute) => boolean,
): RequestVerdict {
  const candidates = routes.forHost(facts.host);
  let nearest: { route: CompiledRoute; miss: Miss } | undefined;
  for (const route of candidates) {
    const outcome = tryRoute(route, facts, isSpent);
    if (outcome === "match") return { allow: true, route };
    if (outcome === "ambiguous") return ambiguous;
    if (outcome === "overridden") return overridden;
    if (!nearest || nearness.indexOf(outcome) > nearness.indexOf(nearest.miss)) nearest = { route, miss: outcome };
  }
  if (!nearest) return { allow: false, rule: "no-route", reason: "no route allows this host" };
  return { allow: false, rule: `no-route-${nearest.miss}`, reason: describeMiss(nearest.route, nearest.miss, facts) };
}

/** How one route takes a request. */
export function tryRoute(
  compiled: CompiledRoute,
  facts: RequestFacts,
  isSpent: (route: CompiledRoute) => boolean,
): RouteOutcome {
  const { route, ports, methods, paths, headers } = compiled;
  if (route.scheme !== facts.scheme) return "scheme";
  if (!ports.has(facts.port)) return "port";
  if (paths) {
    const hits = facts.readings.filter((path) => paths.some((matches) => matches(path))).length;
    if (hits === 0) return "path";
    if (hits < facts.readings.length) return "ambiguous";
  }
  if (methods && !methods.has(facts.method)) return "method";
  for (const { name, value } of headers) {
    const values = facts.headerValues(name);
    if (values.length !== 1 || (value !== undefined && values[0] !== value)) return "header";
  }
  if (methods && methodOverrides.some((name) => facts.headerValues(name).length > 0)) return "overridden";
  if (paths && pathOverrides.some((name) => facts.headerValues(name).length > 0)) return "overridden";
  return isSpent(compiled) ? "spent" : "match";
}

// By these headers many servers take another method, or another path, than the request line says.
const methodOverrides = ["x-http-method-override", "x-http-method", "x-method-override"] as const;
const pathOverrides = ["x-original-url", "x-rewrite-url"] as const;

const overridden: RequestVerdict = {
  allow: false,
  rule: "malformed",
  reason: "a header names another method or path than the request line, which is what the route allows",
};

const ambiguous: RequestVerdict = {
  allow: false,
  rule: "malformed",
  reason: "the path can be read in two ways, and only one of them is allowed",
};

function describeMiss({ route }: CompiledRoute, miss: Miss, facts: RequestFacts): string {
  const named = `route ${route.name} allows this host`;
  switch (miss) {
    case "scheme":
      return `${named} by ${route.scheme} only`;
    case "port":
      return `${named}, but not port ${facts.port}`;
    case "path":
      return `${named}, but not this path`;
    case "method":
      return `${named} and path, but not method ${facts.method}`;
    case "header":
      return `${named} and path, but only with the header that it names`;
    case "spent":
      return `route ${route.name} allowed one request, and that one is used`;
  }
}
