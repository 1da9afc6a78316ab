import { createHash } from "node:crypto";

/** What Java's tools take for a trust store's password where nobody said another. It protects nothing. */
export const trustStorePassword = "changeit";

const magic = 0xfeed_feed;
const version = 2;
const trustedCertificate = 2;

/** A Java trust store ("JKS", which every JVM reads) with all certificates of a PEM text: Java has no option for a PEM file. */
export function javaTrustStore(pem: string, createdAt: number): Uint8Array {
  const certificates = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map((match) =>
    Buffer.from(match[1] ?? "", "base64"),
  );
  const entries = certificates.flatMap((der, index) => [
    word(trustedCertificate),
    text(`certificate-${index}`),
    long(createdAt),
    text("X.509"),
    word(der.length),
    der,
  ]);
  const body = Buffer.concat([word(magic), word(version), word(certificates.length), ...entries]);
  return Buffer.concat([body, digest(body)]);
}

function digest(body: Uint8Array): Uint8Array {
  const password = Buffer.from(trustStorePassword, "utf16le").swap16();
  return createHash("sha1").update(password).update("Mighty Aphrodite").update(body).digest();
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "ascii");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
