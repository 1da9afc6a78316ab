/** Where the sandbox's trust lies, as seen inside. */
export const trustPaths = {
  /** The gate's authority alone: for programs that add it to their own roots. */
  authority: "/run/caisson/ca.pem",
  /** The machine's roots and the gate's authority: for programs that take one file as all their roots. */
  bundle: "/run/caisson/trust-bundle.pem",
} as const;

/** The files that make programs inside trust the gate. `systemBundle` is the machine's own PEM bundle, or empty. */
export function trustFiles(authority: string, systemBundle: string) {
  const end = (pem: string) => (pem === "" || pem.endsWith("\n") ? pem : `${pem}\n`);
  return [
    { path: trustPaths.authority, text: end(authority), mode: 0o644 },
    { path: trustPaths.bundle, text: end(systemBundle) + end(authority), mode: 0o644 },
  ] as const;
}
