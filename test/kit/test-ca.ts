import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { bits, boolean, der, integer, octets, oid, sequence, time } from "../../src/gate/tls/der.ts";
import { mintLeaf, readAuthority } from "../../src/gate/tls/mint-leaf.ts";

/** A certificate authority of a test, and leaves of it. */
export interface TestCa {
  readonly certificate: string;
  readonly key: string;
  leaf(host: string): { readonly cert: string; readonly key: string };
}

/** Makes a fresh certificate authority. */
export function makeTestCa(name = "Test CA"): TestCa {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const certificate = selfSign(name, pair);
  return {
    certificate,
    key,
    leaf(host) {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const times = { from: Date.now() - 60_000, until: Date.now() + 3_600_000 };
      const cert = mintLeaf(readAuthority({ certificate, key }), { host, publicKey: own.publicKey, ...times });
      return { cert, key: own.privateKey.export({ type: "pkcs8", format: "pem" }) as string };
    },
  };
}

function selfSign(name: string, { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): string {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const subject = sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(name)))));
  const extension = (id: string, value: Buffer, isCritical: boolean) =>
    sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octets(value));
  const tbs = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    subject,
    sequence(time(Date.now() - 3_600_000), time(Date.now() + 86_400_000)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        extension("2.5.29.19", sequence(boolean(true)), true),
        extension("2.5.29.15", der(0x03, Buffer.from([1, 0x06])), true),
        extension("2.5.29.14", octets(randomBytes(20)), false),
      ),
    ),
  );
  const whole = sequence(tbs, algorithm, bits(sign("sha256", tbs, privateKey)));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}
