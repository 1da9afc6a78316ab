import type { Route } from "../../spec/policy.ts";

/** One route in a line: `api.anthropic.com (POST /v1/**, key injected, never inside)`. */
export function routeText(route: Route): string {
  const isUsualPort = route.ports.every((port) => port === (route.scheme === "https" ? 443 : 80));
  const paths = route.paths.map((path) =>
    "exact" in path ? path.exact : "prefix" in path ? `${path.prefix.replace(/\/$/, "")}/**` : path.pattern,
  );
  const facts = [
    ...(route.scheme === "http" ? ["plain http"] : []),
    [...(route.methods.length === 0 ? [] : [route.methods.join(", ")]), ...paths].join(" "),
    ...route.headers.map((header) => `with header ${header.name}`),
    ...(route.credential === undefined ? [] : [`${route.credential.name} injected, never inside`]),
    ...(route.upstream === undefined ? [] : [`dials ${route.upstream}`]),
    ...(route.allowAddresses.length === 0 ? [] : [`may dial ${route.allowAddresses.join(", ")}`]),
    ...(route.once ? ["once"] : []),
  ].filter((fact) => fact !== "");
  const host = isUsualPort ? route.host : `${route.host}:${route.ports.join(",")}`;
  const name = route.name === route.host ? "" : `${route.name}: `;
  return `${name}${host}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`;
}
