import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type AddressRules, refuseAddress } from "./address-rules.ts";
import type { Trust } from "./trust.ts";

/** One origin to connect to. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly extraCa: string | undefined;
  readonly rules: AddressRules;
  /** A TLS session to resume. */
  readonly session: Buffer | undefined;
  onSession(session: Buffer): void;
}

export interface DialEffects {
  resolve(host: string): Promise<readonly string[]>;
  readonly trust: Trust;
}

/** A connection to an address that was checked, or why there is none. `refused` = by policy; else the upstream's failure. */
export type Dialled =
  | { readonly socket: Socket; readonly address: string }
  | { readonly rule: "address" | "upstream"; readonly reason: string };

const untrusted = new Set([
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);

/** Resolves, checks each address, and connects to the very addresses that passed, one after another. Never rejects. */
export async function dial(effects: DialEffects, target: DialTarget, timeoutMs: number): Promise<Dialled> {
  const until = performance.now() + timeoutMs;
  const resolved = await resolveWithin(effects, target.host, timeoutMs);
  if ("reason" in resolved) return resolved;
  let refusal: string | undefined;
  let failure: string | undefined;
  for (const address of resolved.addresses) {
    const refused = refuseAddress(address, target.rules);
    if (refused !== undefined) {
      refusal ??= refused;
      continue;
    }
    const outcome = await connectChecked(effects.trust, target, address, until);
    if ("socket" in outcome) return { socket: outcome.socket, address };
    failure = outcome.reason;
  }
  if (failure !== undefined) return { rule: "upstream", reason: failure };
  return { rule: "address", reason: refusal ?? "it resolves to no address" };
}

async function resolveWithin(
  effects: DialEffects,
  host: string,
  timeoutMs: number,
): Promise<{ readonly addresses: readonly string[] } | { readonly rule: "upstream"; readonly reason: string }> {
  if (isIP(host)) return { addresses: [host] };
  const { promise: timeout, resolve: expire } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => expire(undefined), timeoutMs);
  try {
    const addresses = await Promise.race([effects.resolve(host), timeout]);
    if (addresses && addresses.length > 0) return { addresses: [...new Set(addresses)].slice(0, 16) };
    return { rule: "upstream", reason: addresses ? "the host has no address" : "resolving the host took too long" };
  } catch (error) {
    return { rule: "upstream", reason: `the host cannot be resolved (${codeOf(error)})` };
  } finally {
    clearTimeout(timer);
  }
}

async function connectChecked(
  trust: Trust,
  target: DialTarget,
  address: string,
  until: number,
): Promise<{ readonly socket: Socket } | { readonly reason: string }> {
  const outcome = await connectOnce(trust, target, address, until);
  if ("socket" in outcome || !untrusted.has(outcome.code) || !trust.addMachineStore()) return outcome;
  return connectOnce(trust, target, address, until);
}

function connectOnce(
  trust: Trust,
  target: DialTarget,
  address: string,
  until: number,
): Promise<{ readonly socket: Socket } | { readonly reason: string; readonly code: string }> {
  const { promise, resolve } = Promise.withResolvers<
    { readonly socket: Socket } | { readonly reason: string; readonly code: string }
  >();
  const socket = target.secure ? openTls(trust, target, address) : connect({ host: address, port: target.port });
  socket.setNoDelay(true);
  const fail = (error: unknown) => {
    socket.destroy();
    const code = codeOf(error);
    const isTls = target.secure && !/^E(?!RR_)/.test(code);
    resolve({ code, reason: isTls ? `its certificate or TLS is not accepted (${code})` : `no connection (${code})` });
  };
  const timer = setTimeout(() => fail({ code: "ETIMEDOUT" }), Math.max(0, until - performance.now()));
  const ended = () => fail({ code: "ECONNRESET" });
  socket.on("error", fail);
  socket.on("close", ended);
  socket.once(target.secure ? "secureConnect" : "connect", () => {
    clearTimeout(timer);
    socket.off("error", fail);
    socket.off("close", ended);
    resolve({ socket });
  });
  return promise.finally(() => clearTimeout(timer));
}

function openTls(trust: Trust, target: DialTarget, address: string): Socket {
  const socket = connectTls({
    host: address,
    port: target.port,
    ...(isIP(target.host) ? {} : { servername: target.host }),
    secureContext: trust.contextFor(target.extraCa),
    ALPNProtocols: ["http/1.1"],
    ...(target.session ? { session: target.session } : {}),
  });
  socket.on("session", (session) => target.onSession(session));
  return socket;
}

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "failed";
