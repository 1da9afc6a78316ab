import type { LaunchPlan } from "../spec/engine.ts";
import { javaTrustStore } from "./java-trust-store.ts";

/** Where the sandbox's trust lies, as seen inside. */
export const trustPaths = {
  /** The gate's authority alone: for programs that add it to their own roots. */
  authority: "/run/caisson/ca.pem",
  /** The machine's roots and the gate's authority: for programs that take one file as all their roots. */
  bundle: "/run/caisson/trust-bundle.pem",
  /** The authority alone, for Java: whatever is reached from inside is reached through the gate, which signs with it. */
  java: "/run/caisson/trust-store.jks",
} as const;

/** Where programs look for the machine's roots of trust, by distribution. */
export const trustBundlePaths = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** The files that make programs inside trust the gate. `systemBundle` is the machine's own PEM bundle, or empty. */
export function trustFiles(authority: string, systemBundle: string): LaunchPlan["files"] {
  const store = Buffer.from(javaTrustStore(authority, 0));
  return [
    { path: trustPaths.authority, text: withEnd(authority), mode: 0o644 },
    { path: trustPaths.bundle, text: withEnd(systemBundle) + withEnd(authority), mode: 0o644 },
    { path: trustPaths.java, text: store.toString("base64"), encoding: "base64", mode: 0o644 },
  ];
}

const withEnd = (pem: string) => (pem === "" || pem.endsWith("\n") ? pem : `${pem}\n`);
