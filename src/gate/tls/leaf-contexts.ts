import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { type Authority, mintLeaf } from "../../host/certificate/mint-leaf.ts";

/** TLS contexts for the hosts that a sandbox asks for, each with a short-lived leaf of the sandbox's own CA. */
export interface LeafContexts {
  contextFor(host: string): SecureContext;
}

interface Leaf {
  readonly context: SecureContext;
  readonly renewAt: number;
}

const hour = 3_600_000;

const byAuthority = new WeakMap<Authority, LeafContexts>();

/** The contexts of one authority: made when they are first asked for, and gone with it. */
export function leafContextsOf(...given: Parameters<typeof createLeafContexts>): LeafContexts {
  const [authority] = given;
  const known = byAuthority.get(authority) ?? createLeafContexts(...given);
  byAuthority.set(authority, known);
  return known;
}

/** Mints leaves when they are first needed and keeps the latest used ones; sessions resume as long as a leaf is kept. */
function createLeafContexts(
  authority: Authority,
  clock: { now(): number },
  bounds: { readonly leaves: number; readonly leafHours: number },
): LeafContexts {
  const leaves = new Map<string, Leaf>();
  let pair: { readonly privatePem: string; readonly publicKey: KeyObject } | undefined;
  return {
    contextFor(host) {
      const now = clock.now();
      const known = leaves.get(host);
      if (known && known.renewAt > now) {
        leaves.delete(host);
        leaves.set(host, known);
        return known.context;
      }
      // One key for all leaves of a sandbox: they are trusted by that sandbox only, and live in this process only.
      pair ??= makePair();
      const until = now + bounds.leafHours * hour;
      // An hour back, for a sandbox whose clock is set apart from ours.
      const certificate = mintLeaf(authority, { host, publicKey: pair.publicKey, from: now - hour, until });
      const context = createSecureContext({ cert: certificate + authority.certificatePem, key: pair.privatePem });
      leaves.delete(host);
      leaves.set(host, { context, renewAt: until - (bounds.leafHours * hour) / 2 });
      const oldest = leaves.size > bounds.leaves ? leaves.keys().next().value : undefined;
      if (oldest !== undefined) leaves.delete(oldest);
      return context;
    },
  };
}

function makePair() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privatePem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  return { privatePem, publicKey: createPublicKey(privateKey) };
}
