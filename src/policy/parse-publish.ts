import type { PublishedPort } from "../spec/policy.ts";
import { proxyPort } from "../spec/proxy-port.ts";
import { policyFailure } from "./errors.ts";

/**
 * The port of `PORT`, `HOSTPORT:PORT` or `ADDRESS:HOSTPORT:PORT`; host port 0 = any free one. Without an address it is the
 * host's loopback. Throws `port_invalid`.
 */
export function parsePublish(text: string, from: string): PublishedPort {
  const fail = (problem: string) => policyFailure("port_invalid", { text, from, problem });
  const [, bracketed, rest = text] = /^\[([^\]]*)\]:(.*)$/.exec(text) ?? [];
  const parts = rest.split(":");
  const address = bracketed ?? (parts.length === 3 ? parts.shift() : undefined);
  if (parts.length > 2 || (bracketed !== undefined && parts.length !== 2))
    throw fail("it has too many or too few parts");
  const inside = readPort(parts.at(-1));
  const outside = parts.length === 2 ? readPort(parts[0], 0) : inside;
  if (inside === undefined) throw fail(`"${parts.at(-1)}" is not a port (1 to 65535)`);
  if (outside === undefined) throw fail(`"${parts[0]}" is not a port (0 to 65535)`);
  if (inside === proxyPort) throw fail("inside, it is the gate's own: whoever reached it would act as the sandbox");
  const hostAddress = address === undefined || address === "localhost" ? "127.0.0.1" : address;
  const isAddress = bracketed === undefined ? isIpv4(hostAddress) : /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(bracketed);
  if (!isAddress) throw fail(`"${hostAddress}" is not an address of this machine (IPv6 in brackets)`);
  return { hostAddress, hostPort: outside, port: inside };
}

/** Whether only this machine reaches an address. */
export const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

function readPort(text: string | undefined, least = 1): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= least && port <= 65_535 ? port : undefined;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}
