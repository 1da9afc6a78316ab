import { parseAuthority } from "../../policy/match/parse-authority.ts";
import { parseTarget, type Target } from "../../policy/match/parse-target.ts";
import { type Framing, readRequestFraming } from "./framing.ts";
import { firstValue, type HeaderField, valuesOf } from "./header-list.ts";
import type { RequestHead } from "./parse-head.ts";

/** A request that the gate understands wholly; everything it decides, it decides on this. */
export interface AgentRequest {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly target: Target;
  readonly headers: readonly HeaderField[];
  readonly framing: Framing;
  readonly isHttp11: boolean;
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
  readonly webSocket: boolean;
}

/** Why a request is refused before any route is asked. Host and path are as far as they could be read. */
export interface UnreadRequest {
  readonly rule: "malformed" | "host-mismatch" | "ip-literal" | "not-a-proxy-request";
  readonly reason: string;
}

/** Where a request came in: inside a tunnel to one host and port, or on the proxy's own listener. */
export type Entrance =
  | { readonly kind: "proxy" }
  | { readonly kind: "tunnel"; readonly scheme: "http" | "https"; readonly host: string; readonly port: number };

/** Understands a request's head, or says why not. Pure; never throws. */
export function readRequest(head: RequestHead, entrance: Entrance): AgentRequest | UnreadRequest {
  const framing = readRequestFraming(head.headers, head.minor);
  if ("malformed" in framing) return malformed(framing.malformed);
  const place = readPlace(head, entrance);
  if ("rule" in place) return place;
  const target = parseTarget(place.target);
  if ("malformed" in target) return malformed(target.malformed);
  const refused = checkFields(head);
  if (refused) return malformed(refused);
  const connection = valuesOf(head.headers, "connection").join(",").toLowerCase();
  return {
    method: head.method,
    scheme: place.scheme,
    host: place.host,
    port: place.port,
    target,
    headers: head.headers,
    framing,
    isHttp11: head.minor === 1,
    keepAlive: head.minor === 1 && !/(?:^|,)\s*close\s*(?:,|$)/.test(connection),
    expectsContinue: firstValue(head.headers, "expect") !== undefined,
    webSocket: isWebSocket(head, connection),
  };
}

interface Place {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly target: string;
}

function readPlace(head: RequestHead, entrance: Entrance): Place | UnreadRequest {
  const hosts = valuesOf(head.headers, "host");
  if (hosts.length !== 1) return malformed("exactly one host header is needed");
  const absolute = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(head.target);
  if (!absolute && !head.target.startsWith("/")) return malformed("the target is neither a path nor a URL");
  if (!absolute && entrance.kind === "proxy") {
    return { rule: "not-a-proxy-request", reason: "this is a proxy: the target must be a whole URL" };
  }
  const scheme = absolute ? (absolute[1]?.toLowerCase() as "http" | "https") : (entrance as { scheme: "http" }).scheme;
  if (entrance.kind === "proxy" && scheme !== "http") return malformed("https needs CONNECT");
  const defaultPort = scheme === "https" ? 443 : 80;
  const byHost = parseAuthority(hosts[0] ?? "", defaultPort);
  if ("rule" in byHost) return byHost;
  const named = absolute ? parseAuthority(absolute[2] ?? "", defaultPort) : byHost;
  if ("rule" in named) return named;
  if (named.host !== byHost.host || named.port !== byHost.port)
    return mismatch("the host header is not the URL's host");
  if (entrance.kind === "tunnel") {
    if (scheme !== entrance.scheme) return mismatch("the URL's scheme is not the tunnel's");
    if (named.host !== entrance.host || named.port !== entrance.port) {
      return mismatch("the request names another host than the tunnel that it came through");
    }
  }
  const rest = absolute?.[3] ?? head.target;
  return { scheme, host: named.host, port: named.port, target: rest.startsWith("/") ? rest : `/${rest}` };
}

const protectedNames = new Set(["host", "content-length", "transfer-encoding", "authorization", "cookie", "expect"]);

/** What of the rest of the head is refused; undefined when all is well. */
function checkFields(head: RequestHead): string | undefined {
  // TRACE makes a server echo the head, an injected credential included.
  if (head.method === "TRACE" || head.method === "TRACK") return `the method ${head.method} is refused`;
  if (head.method === "CONNECT") return "a tunnel inside a tunnel is refused";
  const expect = valuesOf(head.headers, "expect");
  if (expect.length > 1 || (expect[0] !== undefined && expect[0].toLowerCase() !== "100-continue")) {
    return "the only expectation understood is 100-continue";
  }
  if (head.headers.some(({ name }) => name === "upgrade") && head.headers.some(carriesBody)) {
    return "a request to change protocols has a body";
  }
  const listed = valuesOf(head.headers, "connection").flatMap((value) => value.toLowerCase().split(","));
  if (listed.some((name) => protectedNames.has(name.trim()))) {
    return "the connection header lists a header that must not be dropped";
  }
  return undefined;
}

const carriesBody = ({ name, value }: HeaderField): boolean =>
  name === "transfer-encoding" || (name === "content-length" && value !== "0");

function isWebSocket(head: RequestHead, connection: string): boolean {
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/.test(connection)) return false;
  return firstValue(head.headers, "upgrade")?.toLowerCase() === "websocket" && head.method === "GET";
}

const malformed = (reason: string): UnreadRequest => ({ rule: "malformed", reason });
const mismatch = (reason: string): UnreadRequest => ({ rule: "host-mismatch", reason });
