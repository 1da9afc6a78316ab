import { createHash, createPrivateKey, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { bits, boolean, type DerValue, der, integer, octets, oid, readDer, sequence, time } from "./der.ts";

/** A sandbox's certificate authority, ready to sign. */
export interface Authority {
  readonly certificatePem: string;
  readonly key: KeyObject;
  readonly subject: Buffer;
  readonly keyId: Buffer;
  readonly expiresAt: number;
}

/** Reads a CA's certificate and key; throws when they are unreadable or do not belong together. */
export function readAuthority(pem: { readonly certificate: string; readonly key: string }): Authority {
  const certificate = new X509Certificate(pem.certificate);
  const key = createPrivateKey(pem.key);
  if (!certificate.ca) throw new Error("the certificate is not one of a CA");
  if (!certificate.checkPrivateKey(key)) throw new Error("the key is not the certificate's");
  const fields = tbsFields(certificate.raw);
  return {
    certificatePem: certificate.toString(),
    key,
    subject: fields[5]?.whole ?? Buffer.alloc(0),
    keyId: readKeyId(fields) ?? hashKey(certificate.publicKey),
    expiresAt: certificate.validToDate.getTime(),
  };
}

/** Signs a leaf certificate for one host and the given public key, in PEM. */
export function mintLeaf(
  authority: Authority,
  leaf: { readonly host: string; readonly publicKey: KeyObject; readonly from: number; readonly until: number },
): string {
  const algorithm = signatureAlgorithm(authority.key);
  const tbs = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    authority.subject,
    sequence(time(leaf.from), time(Math.min(leaf.until, authority.expiresAt))),
    sequence(),
    leaf.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...leafExtensions(authority, leaf.host, leaf.publicKey))),
  );
  const signature = sign(authority.key.asymmetricKeyType === "ed25519" ? null : "sha256", tbs, authority.key);
  const base64 = sequence(tbs, algorithm, bits(signature)).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

function leafExtensions(authority: Authority, host: string, publicKey: KeyObject): Buffer[] {
  // The name is only in the alternative names, and they are critical because the subject is empty (RFC 5280).
  const names = sequence(der(0x82, Buffer.from(host, "latin1")));
  return [
    extension("2.5.29.17", names, true),
    extension("2.5.29.19", sequence(), true),
    extension("2.5.29.15", der(0x03, Buffer.from([7, 0x80])), true),
    extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.14", octets(hashKey(publicKey))),
    extension("2.5.29.35", sequence(der(0x80, authority.keyId))),
  ];
}

const extension = (id: string, value: Buffer, critical = false): Buffer =>
  critical ? sequence(oid(id), boolean(true), octets(value)) : sequence(oid(id), octets(value));

function signatureAlgorithm(key: KeyObject): Buffer {
  switch (key.asymmetricKeyType) {
    case "ec":
      return sequence(oid("1.2.840.10045.4.3.2"));
    case "ed25519":
      return sequence(oid("1.3.101.112"));
    case "rsa":
      return sequence(oid("1.2.840.113549.1.1.11"), der(0x05));
    default:
      throw new Error(`a CA key of type ${key.asymmetricKeyType ?? "unknown"} is not supported`);
  }
}

// Certificate ::= SEQUENCE { tbs SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, spki, [3] extensions } ... }
const tbsFields = (certificate: Buffer): readonly DerValue[] =>
  readDer(readDer(readDer(certificate)[0]?.content ?? Buffer.alloc(0))[0]?.content ?? Buffer.alloc(0));

function readKeyId(fields: readonly DerValue[]): Buffer | undefined {
  const extensions = fields.find(({ tag }) => tag === 0xa3);
  if (!extensions) return undefined;
  const wanted = oid("2.5.29.14");
  for (const { content } of readDer(readDer(extensions.content)[0]?.content ?? Buffer.alloc(0))) {
    const parts = readDer(content);
    if (parts[0]?.whole.equals(wanted)) return readDer(parts.at(-1)?.content ?? Buffer.alloc(0))[0]?.content;
  }
  return undefined;
}

function hashKey(key: KeyObject): Buffer {
  const spki = readDer(key.export({ type: "spki", format: "der" }))[0]?.content ?? Buffer.alloc(0);
  return createHash("sha1")
    .update(readDer(spki)[1]?.content.subarray(1) ?? Buffer.alloc(0))
    .digest();
}
