import { type HeaderField, valuesOf } from "../http1/header-list.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import { decoderFor } from "../scan/decoders.ts";
import type { RoutePlan } from "./route-plan.ts";

/** A request's head as it will leave, in two steps: `clean` is what the agent's own words make of it, without a credential. */
export interface OutgoingHead {
  /** What is scanned: every byte of the agent that would leave. */
  readonly clean: string;
  /** What was taken out of the agent's words because the route injects there. */
  readonly stripped: string;
  /** The final text. `length` undefined = chunked; a body of known length else. */
  render(injected: Injected, body: { readonly length: number | undefined }): string;
}

/** What a credential adds to a head. */
export interface Injected {
  readonly lines: string;
  readonly query: string;
}

const hopByHop = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Composes the head that goes upstream: hop-by-hop headers and everything in a credential's place are left out. `isRead`: the
 * answer will be looked through for minted secrets.
 */
export function composeHead(
  request: AgentRequest,
  plan: RoutePlan,
  placeholder: string | undefined,
  isRead = false,
): OutgoingHead {
  const drop = listedByConnection(request.headers);
  const wantsPlain = plan.credential !== undefined || plan.model !== undefined || isRead;
  let fields = "";
  let stripped = "";
  for (const { name, raw, value } of request.headers) {
    if (hopByHop.has(name) || drop?.has(name)) continue;
    if (plan.stripped.has(name) || (placeholder !== undefined && value.includes(placeholder))) {
      stripped += `${name}: ${value}\n`;
    } else if (wantsPlain && name === "accept-encoding") {
      // Answers are read for token use and for echoed credentials: ask for them uncompressed.
    } else if (plan.exchange !== undefined && (name === "range" || name === "if-range")) {
      // A part of an answer cannot be looked through for what it minted.
    } else if (plan.model !== undefined && name === "content-encoding" && decoderFor(value)) {
      // A model request is unpacked to be read, and goes on as it was read.
    } else if (request.webSocket && name === "sec-websocket-extensions") {
      // Without extensions no frame is compressed, and each can be read.
    } else fields += `${raw}: ${value}\r\n`;
  }
  if (wantsPlain) fields += "accept-encoding: identity\r\n";
  const { query, taken } = splitQuery(request.target.query, plan.strippedQuery);
  stripped += taken;
  const path = `${plan.origin?.prefix ?? ""}${request.target.path}`;
  const host = `host: ${authorityOf(request, plan)}\r\n`;
  const upgrade = request.webSocket ? "connection: Upgrade\r\nupgrade: websocket\r\n" : "";
  return {
    clean: `${path}?${query ?? ""}\r\n${host}${fields}`,
    stripped,
    render(injected, body) {
      const all = [query ?? "", injected.query].filter((part) => part !== "").join("&");
      const mark = all !== "" || query !== undefined ? "?" : "";
      const framing =
        body.length === undefined
          ? "transfer-encoding: chunked\r\n"
          : body.length > 0 || sendsBody(request.method)
            ? `content-length: ${body.length}\r\n`
            : "";
      const line = `${request.method} ${path}${mark}${all} HTTP/1.1\r\n`;
      return `${line}${host}${fields}${injected.lines}${upgrade}${framing}\r\n`;
    },
  };
}

const sendsBody = (method: string): boolean => method === "POST" || method === "PUT" || method === "PATCH";

function listedByConnection(headers: readonly HeaderField[]): ReadonlySet<string> | undefined {
  const values = valuesOf(headers, "connection");
  if (values.length === 0) return undefined;
  const names = values.flatMap((value) => value.toLowerCase().split(",")).map((name) => name.trim());
  return names.length === 1 && (names[0] === "keep-alive" || names[0] === "close") ? undefined : new Set(names);
}

function authorityOf(request: AgentRequest, { origin }: RoutePlan): string {
  const { scheme, host, port } = origin ?? request;
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (scheme === "https" ? 443 : 80) ? name : `${name}:${port}`;
}

/** Takes the named parameters out of a query. */
function splitQuery(query: string | undefined, names: ReadonlySet<string>) {
  if (query === undefined || names.size === 0) return { query, taken: "" };
  const parts = query.split("&");
  const isNamed = (part: string) => names.has(decodeName(part.split("=", 1)[0] ?? ""));
  const kept = parts.filter((part) => !isNamed(part)).join("&");
  return { query: kept === "" ? undefined : kept, taken: `${parts.filter(isNamed).join("&")}\n` };
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
