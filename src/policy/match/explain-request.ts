import type { Route } from "../../spec/policy.ts";
import { compileRoutes } from "./compile-routes.ts";
import { decideRequest, type RequestFacts, type RouteOutcome, tryRoute } from "./decide-request.ts";
import { parseAuthority } from "./parse-authority.ts";
import { parseTarget } from "./parse-target.ts";

/** What a person asks `caisson policy explain` about. */
export interface ExplainedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The gate's answer to a request, and how each route took it. */
export interface Explanation {
  readonly allow: boolean;
  /** The route's name, or the built-in rule that refuses. */
  readonly rule: string;
  readonly reason: string;
  readonly tried: readonly { readonly route: string; readonly outcome: RouteOutcome | "host" }[];
}

const never = () => false;

/** Tells what the gate would decide, by the gate's own functions; asks no network and no resolver. */
export function explainRequest(routes: readonly Route[], request: ExplainedRequest): Explanation {
  const facts = readFacts(request);
  if ("rule" in facts) return { allow: false, ...facts, tried: [] };
  const compiled = compileRoutes(routes);
  const covered = new Set(compiled.forHost(facts.host));
  const tried = compiled.routes.map((route) => ({
    route: route.route.name,
    outcome: covered.has(route) ? tryRoute(route, facts, never) : ("host" as const),
  }));
  const verdict = decideRequest(compiled, facts, never);
  if (!verdict.allow) return { ...verdict, tried };
  const { name, credential } = verdict.route.route;
  const reason = credential ? `route ${name} allows it and injects ${credential.name}` : `route ${name} allows it`;
  return { allow: true, rule: name, reason, tried };
}

function readFacts(request: ExplainedRequest): RequestFacts | { readonly rule: string; readonly reason: string } {
  const parts = /^(https?|wss?):\/\/([^/?#]*)([^#]*)$/.exec(request.url);
  if (!parts) return { rule: "malformed", reason: "not an http or https URL" };
  const scheme = parts[1] === "https" || parts[1] === "wss" ? "https" : "http";
  const authority = parseAuthority(parts[2] ?? "", scheme === "https" ? 443 : 80);
  if ("rule" in authority) return authority;
  const rest = parts[3] ?? "";
  const target = parseTarget(rest.startsWith("/") ? rest : `/${rest}`);
  if ("malformed" in target) return { rule: "malformed", reason: target.malformed };
  const headers = new Map(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    scheme,
    host: authority.host,
    port: authority.port,
    method: request.method.toUpperCase(),
    readings: target.readings,
    headerValues: (name) => {
      const value = headers.get(name);
      return value === undefined ? [] : [value];
    },
  };
}
