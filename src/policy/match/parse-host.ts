/** What a host text is: a name that a route may hold, or why it is refused. */
export type ParsedHost =
  | { readonly host: string }
  | { readonly rule: "ip-literal" | "malformed"; readonly reason: string };

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A host name in lower case; IP addresses in every spelling that some client or resolver takes for one are refused. */
export function parseHost(text: string): ParsedHost {
  if (text.includes(":") || text.startsWith("[")) return ipLiteral;
  const host = text.toLowerCase();
  if (host.length === 0 || host.length > 253) return malformed("the host name is empty or too long");
  if (host.endsWith(".")) return malformed("the host name ends with a dot");
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  // The rule of WHATWG URL: a name whose last label is a number is an IPv4 address (2130706433, 0x7f.1, 0177.0.0.1).
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(last)) return ipLiteral;
  if (!labels.every((part) => label.test(part)))
    return malformed("the host name holds characters that no name may have");
  return { host };
}

const ipLiteral: ParsedHost = { rule: "ip-literal", reason: "addresses are refused: use the host name" };
const malformed = (reason: string): ParsedHost => ({ rule: "malformed", reason });
