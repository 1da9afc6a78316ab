import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { bits, boolean, der, integer, octets, oid, sequence, time } from "./der.ts";

const hourMs = 3_600_000;

/** A certificate authority in PEM. The key is for the gate alone and is never written to disk. */
export interface MintedAuthority {
  readonly certificate: string;
  readonly key: string;
}

/** Keys of one authority, which may be made before its name is known. */
export interface AuthorityKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Makes the keys of a new authority. */
export const generateAuthorityKeys = (): AuthorityKeys => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** Mints a P-256 authority for leaves only, valid from an hour ago (clocks differ) for `validSeconds` from now. */
export function mintAuthority(
  name: string,
  now: Date,
  validSeconds: number,
  { privateKey, publicKey } = generateAuthorityKeys(),
): MintedAuthority {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const subject = sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(name)))));
  const tbs = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    subject,
    sequence(time(now.getTime() - hourMs), time(now.getTime() + validSeconds * 1000)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(publicKey))),
  );
  const whole = sequence(tbs, algorithm, bits(sign("sha256", tbs, privateKey))).toString("base64");
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${whole.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

function extensions(publicKey: KeyObject): readonly Buffer[] {
  const keyId = createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
  const critical = (id: string, value: Buffer) => sequence(oid(id), boolean(true), octets(value));
  return [
    // An authority, but only of leaves: path length 0.
    critical("2.5.29.19", sequence(boolean(true), integer(Buffer.from([0])))),
    critical("2.5.29.15", der(0x03, Buffer.from([1, 0x06]))),
    sequence(oid("2.5.29.14"), octets(octets(keyId))),
  ];
}
