import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { lookUp, readNpmConfig } from "./npm-config.ts";
import { findNpmSignIn } from "./npm-sign-in.ts";
import type { PackageClientHost } from "./package-client-host.ts";
import { readNpm } from "./read-npm.ts";

/** How a build reaches the person's npm registry. `signIn` is secret. */
export interface NpmForBuilds {
  readonly registry: string;
  /** Value of an Authorization header. */
  readonly signIn?: string;
  /** Authorities besides the usual ones, as PEM, packed and in base64: fits on a command line. */
  readonly ca?: string;
}

/** What the person's npm would use, as arguments of a build can say it; undefined when there is no npm that says where. */
export async function readNpmForBuilds(host: PackageClientHost): Promise<NpmForBuilds | undefined> {
  const { sources } = await readNpm(host);
  const registry = sources.find((source) => source.role === "main" && source.trusted)?.url;
  if (registry === undefined) return undefined;
  const { own } = readNpmConfig(host);
  const found = findNpmSignIn(own, registry);
  const basic = (user: string, password: string) => Buffer.from(`${user}:${password}`).toString("base64");
  const signIn =
    found === undefined
      ? undefined
      : found.inject.as === "basic"
        ? `Basic ${basic(found.inject.user, found.value)}`
        : `Bearer ${found.value}`;
  const files = [lookUp(own, "cafile")?.value, host.environment.NODE_EXTRA_CA_CERTS];
  const texts = files.flatMap((file) => (file ? [host.readText(file) ?? ""] : []));
  const ca = packCertificates([lookUp(own, "ca")?.value.replaceAll("\\n", "\n") ?? "", ...texts].join("\n"));
  return { registry, ...(signIn === undefined ? {} : { signIn }), ...(ca === undefined ? {} : { ca }) };
}

/** Those certificates of a text that Node does not know by itself. */
function packCertificates(text: string): string | undefined {
  const known = new Set(rootCertificates.map((pem) => new X509Certificate(pem).fingerprint256));
  const given = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const unknown = new Map<string, string>();
  for (const pem of given) {
    const print = fingerprint(pem);
    if (print !== undefined && !known.has(print)) unknown.set(print, pem);
  }
  return unknown.size === 0 ? undefined : gzipSync(`${[...unknown.values()].join("\n")}\n`).toString("base64");
}

function fingerprint(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256;
  } catch {
    return undefined;
  }
}
