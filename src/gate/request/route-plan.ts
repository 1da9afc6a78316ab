import type { CompiledRoute } from "../../policy/match/compile-routes.ts";
import type { ModelApi, Route } from "../../spec/policy.ts";
import { type AddressSet, readAddressSet } from "../upstream/address-rules.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";

/** Where a route's requests go when it names another upstream. */
export interface Origin {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Put before each path; empty or without a slash at its end. */
  readonly prefix: string;
}

/** All that the gate works out once for a route and keeps as long as the route is the same. */
export interface RoutePlan {
  readonly name: string;
  readonly compiled: CompiledRoute;
  readonly model: ModelApi | undefined;
  readonly credential: Route["credential"];
  readonly exchange: Route["exchange"];
  readonly origin: Origin | undefined;
  readonly extraCa: string | undefined;
  readonly allowed: AddressSet;
  /** Headers that never pass on this route, because a credential takes their place. */
  readonly stripped: ReadonlySet<string>;
  readonly strippedQuery: ReadonlySet<string>;
  readonly idle: Map<string, UpstreamConnection[]>;
  readonly sessions: Map<string, Buffer>;
  isSpent: boolean;
}

/** Works a route out; a text says what of it is not possible. */
export function planRoute(compiled: CompiledRoute): RoutePlan | { readonly invalid: string } {
  const { route } = compiled;
  const allowed = readAddressSet(route.allowAddresses);
  if ("invalid" in allowed) return { invalid: `route ${route.name}: ${allowed.invalid} is not an address or CIDR` };
  if (route.paths.length !== (compiled.paths ?? []).length) {
    return { invalid: `route ${route.name}: a path of it is one that no request can have` };
  }
  if (route.exchange && route.model)
    return { invalid: `route ${route.name}: a model API mints no secrets to exchange` };
  return {
    name: route.name,
    compiled,
    model: route.model,
    credential: route.credential,
    exchange: route.exchange,
    origin: route.upstream === undefined ? undefined : readOrigin(route.upstream),
    extraCa: route.extraCa,
    allowed,
    stripped: new Set(strippedHeaders(route)),
    strippedQuery: new Set(
      (route.credential?.inject ?? []).flatMap((injection) => (injection.as === "query" ? [injection.name] : [])),
    ),
    idle: new Map(),
    sessions: new Map(),
    isSpent: false,
  };
}

function strippedHeaders(route: Route): readonly string[] {
  if (!route.credential) return [];
  const named = route.credential.inject.flatMap((injection) => (injection.as === "header" ? [injection.name] : []));
  return ["authorization", "x-api-key", "api-key", "proxy-authorization", ...named.map((name) => name.toLowerCase())];
}

function readOrigin(text: string): Origin {
  const url = new URL(text);
  const scheme = url.protocol === "https:" ? "https" : "http";
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port),
    prefix: url.pathname.replace(/\/$/, ""),
  };
}
