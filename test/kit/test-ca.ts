import { generateKeyPairSync } from "node:crypto";
import { mintAuthority } from "../../src/host/certificate/mint-authority.ts";
import { mintLeaf, readAuthority } from "../../src/host/certificate/mint-leaf.ts";

/** A certificate authority of a test, and leaves of it. */
export interface TestCa {
  readonly certificate: string;
  readonly key: string;
  leaf(host: string): { readonly cert: string; readonly key: string };
}

/** Makes a fresh certificate authority. */
export function makeTestCa(name = "Test CA"): TestCa {
  const authority = mintAuthority(name, new Date(), 86_400);
  return {
    ...authority,
    leaf(host) {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const times = { from: Date.now() - 60_000, until: Date.now() + 3_600_000 };
      const cert = mintLeaf(readAuthority(authority), { host, publicKey: own.publicKey, ...times });
      return { cert, key: own.privateKey.export({ type: "pkcs8", format: "pem" }) as string };
    },
  };
}
