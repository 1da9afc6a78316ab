import { parseHost } from "./parse-host.ts";

/** A `host:port` pair, or why it is refused. */
export type ParsedAuthority =
  | { readonly host: string; readonly port: number }
  | { readonly rule: "ip-literal" | "malformed"; readonly reason: string };

/** Reads `host` or `host:port`; without a default port the port must be there. Names no user and no second reading. */
export function parseAuthority(text: string, defaultPort?: number): ParsedAuthority {
  if (text.startsWith("[")) return parseHost(text) as ParsedAuthority;
  const colon = text.lastIndexOf(":");
  const hostText = colon < 0 ? text : text.slice(0, colon);
  const parsed = parseHost(hostText);
  if (!("host" in parsed)) return parsed;
  if (colon < 0) {
    if (defaultPort === undefined) return { rule: "malformed", reason: "the target has no port" };
    return { host: parsed.host, port: defaultPort };
  }
  const portText = text.slice(colon + 1);
  const port = Number(portText);
  if (!/^[1-9]\d{0,4}$/.test(portText) || port > 65_535) {
    return { rule: "malformed", reason: "the port is not a number from 1 to 65535" };
  }
  return { host: parsed.host, port };
}
