import { hostPatternProblem } from "../spec/host-pattern.ts";
import type { Route } from "../spec/policy.ts";
import { policyFailure } from "./errors.ts";
import { pathMatchOf } from "./path-match.ts";
import { routeNameOf } from "./route-name.ts";

/**
 * The route of `HOST[:PORT][/PATH]`: every method, https (plain http on port 80 alone), the path as a prefix of whole
 * segments or, with `*` in it, as a pattern. Anything else fails with what was wrong and, where it is clear, what was meant.
 */
export function parseAllow(text: string, options: { readonly once?: boolean } = {}): Route {
  const fail = (problem: string, instead?: string) =>
    policyFailure("allow_invalid", { text, problem, ...(instead === undefined ? {} : { instead }) });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
  if (scheme) {
    const rest = scheme[2] ?? "";
    const isHttp = /^http$/i.test(scheme[1] ?? "") && !/^[^/]*:\d/.test(rest);
    throw fail("leave the scheme out", isHttp ? rest.replace(/^([^/]*)/, "$1:80") : rest || undefined);
  }
  if (/[\s\p{Cc}]/u.test(text)) throw fail("it has white space in it");
  const slash = text.indexOf("/");
  const authority = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? undefined : text.slice(slash);
  if (authority.includes("@")) throw fail("leave the user out", text.slice(text.indexOf("@") + 1) || undefined);
  if (authority.startsWith("[")) throw fail("an IP address cannot be a route's host: give the host name");
  const [hostText = "", portText, ...more] = authority.split(":");
  if (more.length > 0) throw fail("an IP address cannot be a route's host: give the host name");
  const host = hostText.toLowerCase().replace(/\.$/, "");
  const problem = host === "" ? "the host is missing" : hostProblem(host);
  if (problem) throw fail(problem);
  const port = parsePort(portText);
  if (port === undefined) throw fail(`"${portText}" is not a port (1 to 65535)`, host);
  if (path !== undefined && /[?#]/.test(path))
    throw fail("a route has no query: leave it out", text.replace(/[?#].*$/, ""));
  return {
    name: routeNameOf(host),
    host,
    ports: [port],
    scheme: port === 80 ? "http" : "https",
    paths: path === undefined || path === "/" ? [] : [pathMatchOf(path)],
    methods: [],
    headers: [],
    allowAddresses: [],
    http2: false,
    once: options.once ?? false,
  };
}

function hostProblem(host: string): string | undefined {
  if (/[^\x21-\x7e]/.test(host)) return "write the host in its ASCII form (xn--...)";
  if (host === "localhost" || host.endsWith(".localhost")) {
    return "inside a sandbox localhost is the sandbox itself, and nothing of the host is reachable there";
  }
  return hostPatternProblem(host);
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return 443;
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
