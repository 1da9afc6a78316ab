import { hostPatternProblem } from "../../spec/host-pattern.ts";
import type { Route } from "../../spec/policy.ts";
import { type CompiledRoutes, compileRoutes } from "../match/compile-routes.ts";
import { decideRequest } from "../match/decide-request.ts";
import { readPath } from "../match/parse-target.ts";
import type { PathMatch } from "../path-match.ts";
import { makeRoute } from "../presets/preset.ts";
import { routeNameOf } from "../route-name.ts";
import { generalisePaths } from "./generalise-paths.ts";

/** What the audit log holds of a request. */
export interface SeenRequest {
  readonly verdict: "allow" | "refuse" | "alarm" | "redact";
  readonly rule: string;
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Routes that somebody may allow by a name. */
export interface KnownPreset {
  readonly name: string;
  readonly routes: readonly Route[];
}

/** What could be learned of a run. */
export interface Lesson {
  /** Narrow routes, one host each; none to a wildcard. */
  readonly routes: readonly Route[];
  /** Presets that stand for what they cover. */
  readonly presets: readonly string[];
  /** Requests that were refused for want of a route and would now pass. */
  readonly learned: readonly SeenRequest[];
  /** Requests that were refused for want of a route and are not learned, and why. */
  readonly left: readonly { readonly request: SeenRequest; readonly why: string }[];
}

/** The audit log cuts longer paths off. */
const longestPath = 512;
const learnable = /^no-route(-(scheme|port|path|method))?$/;

/**
 * The smallest sensible route table that lets pass what a run was refused for want of a route, and nothing that it was refused
 * for another reason. Never learned: what carried a placeholder, or went to a host that one was sent to. Pure.
 */
export function learnRoutes(seen: readonly SeenRequest[], given: { readonly presets: readonly KnownPreset[] }): Lesson {
  const sighted = new Set(
    seen.filter(({ verdict, rule }) => verdict === "alarm" || rule === "placeholder").map(({ host }) => host),
  );
  const others = seen.filter(
    ({ verdict, rule }) => verdict !== "allow" && verdict !== "redact" && !learnable.test(rule),
  );
  const left: { request: SeenRequest; why: string }[] = [];
  const wanted = uniqueRequests(
    seen.filter(({ verdict, rule }) => verdict === "refuse" && learnable.test(rule)),
  ).filter((request) => {
    const why = whyNot(request, sighted);
    if (why !== undefined) left.push({ request, why });
    return why === undefined;
  });
  const letsNone = (routes: readonly Route[]) => {
    const compiled = compileRoutes(routes);
    return !others.some((request) => passes(compiled, request));
  };
  const routes: Route[] = [];
  const presets = new Set<string>();
  const learned: SeenRequest[] = [];
  for (const requests of Map.groupBy(wanted, ({ scheme, host, port }) => `${scheme} ${host} ${port}`).values()) {
    const preset = given.presets.find((known) => {
      const compiled = compileRoutes(known.routes);
      return requests.every((request) => passes(compiled, request)) && letsNone(known.routes);
    });
    if (preset) presets.add(preset.name);
    const made = preset ? undefined : routesOfHost(requests, letsNone);
    routes.push(...(made?.routes ?? []));
    learned.push(...(made?.learned ?? requests));
    for (const request of made?.left ?? []) left.push({ request, why: "no rule lets it pass alone" });
  }
  return { routes, presets: [...presets], learned, left };
}

/** Whether these routes let a request pass, as the gate would decide it, with no header of weight. */
export function passes(routes: CompiledRoutes, { scheme, host, port, method, path }: SeenRequest): boolean {
  const read = readPath(path);
  if ("malformed" in read || (scheme !== "https" && scheme !== "http")) return false;
  const facts = { scheme, host, port, method, readings: read.readings, headerValues: () => [] } as const;
  return decideRequest(routes, facts, () => false).allow;
}

function whyNot({ method, host, path, scheme }: SeenRequest, sighted: ReadonlySet<string>): string | undefined {
  if (sighted.has(host)) return "a placeholder was sent to this host";
  if (method === "CONNECT" || !/^[A-Z]+$/.test(method)) return "only its connection was seen";
  if (scheme !== "https" && scheme !== "http") return "not HTTP";
  if (host.startsWith("*") || /(^|\.)localhost$/.test(host) || hostPatternProblem(host) !== undefined)
    return "not the name of a host";
  if (path.length >= longestPath) return "its path is too long to be known whole";
  const read = readPath(path);
  if ("malformed" in read || read.readings.length > 1) return "its path can be read in more than one way";
  return undefined;
}

/** The one way in which a path is read: rules are written in that. */
function plainPath(path: string): string {
  const read = readPath(path);
  return "malformed" in read ? path : (read.readings[0] ?? path);
}

function uniqueRequests(requests: readonly SeenRequest[]): readonly SeenRequest[] {
  const keyOf = ({ scheme, host, port, method, path }: SeenRequest) => `${scheme} ${host} ${port} ${method} ${path}`;
  return [...new Map(requests.map((request) => [keyOf(request), request])).values()];
}

function routesOfHost(requests: readonly SeenRequest[], letsNone: (routes: readonly Route[]) => boolean) {
  const methodsOf = Map.groupBy(requests, ({ path }) => plainPath(path));
  const words = (path: string) => [...new Set(methodsOf.get(path)?.map(({ method }) => method))].sort();
  const routes: Route[] = [];
  const [learned, left]: [SeenRequest[], SeenRequest[]] = [[], []];
  for (const paths of Map.groupBy(methodsOf.keys(), (path) => words(path).join()).values()) {
    const [first = "/"] = paths;
    const make = (rules: readonly PathMatch[] | undefined) => [
      routeOf(requests[0] as SeenRequest, words(first), rules),
    ];
    const isSound = (made: readonly Route[], path: string) =>
      letsNone(made) && methodsOf.get(path)?.every((request) => passes(compileRoutes(made), request)) === true;
    const general = make(generalisePaths(paths));
    const kept = paths.every((path) => isSound(general, path))
      ? paths
      : paths.filter((path) => isSound(make([{ exact: path }]), path));
    if (kept === paths) routes.push(...general);
    else if (kept.length > 0) routes.push(...make(kept.map((exact) => ({ exact }))));
    const isKept = new Set(kept);
    for (const path of paths) (isKept.has(path) ? learned : left).push(...(methodsOf.get(path) ?? []));
  }
  return { routes, learned, left };
}

function routeOf(
  { scheme, host, port }: SeenRequest,
  methods: readonly string[],
  paths: readonly PathMatch[] | undefined,
): Route {
  return makeRoute({
    name: routeNameOf(host),
    host,
    scheme: scheme === "http" ? "http" : "https",
    ports: [port],
    methods: [...methods],
    paths: [...(paths ?? [])],
  });
}
