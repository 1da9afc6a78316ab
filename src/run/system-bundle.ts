import { readFileSync } from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;

const bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/** The machine's own roots, with the person's further ones. */
export function readSystemBundle(environment: Environment): string {
  const read = (file: string | undefined) => {
    try {
      return file === undefined ? "" : readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  let system = "";
  for (const file of bundles) {
    system = read(file);
    if (system !== "") break; // The others are the same, by other names.
  }
  return [system, read(environment.NODE_EXTRA_CA_CERTS)].join("\n");
}
