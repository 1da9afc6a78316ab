import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dockerHostFailure } from "./errors.ts";

/** Keys of a TLS connection, as PEM. */
export interface EndpointTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where a Docker engine is spoken to. `source` says what decided it. */
export type DockerEndpoint = { readonly address: string; readonly source: string } & (
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: EndpointTls }
);

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The engine that the docker command line would use: DOCKER_HOST, else DOCKER_CONTEXT, else the context chosen in its
 * configuration, else the system's socket. Throws a Failure for an address, a context or keys that cannot be used.
 */
export function readDockerEndpoint(environment: Environment): DockerEndpoint {
  const address = environment.DOCKER_HOST;
  if (address) return endpointFor(address, "DOCKER_HOST", tlsFolderOf(environment));
  const folder = environment.DOCKER_CONFIG || join(environment.HOME ?? "/", ".docker");
  const context = environment.DOCKER_CONTEXT || currentContext(folder);
  if (context !== undefined && context !== "default") return endpointOfContext(folder, context);
  return endpointFor("unix:///var/run/docker.sock", "default", undefined);
}

function tlsFolderOf(environment: Environment): string | undefined {
  if (!environment.DOCKER_TLS_VERIFY && !environment.DOCKER_TLS) return undefined;
  return environment.DOCKER_CERT_PATH || environment.DOCKER_CONFIG || join(environment.HOME ?? "/", ".docker");
}

function endpointFor(address: string, source: string, tlsFolder: string | undefined): DockerEndpoint {
  const unusable = () => dockerHostFailure("docker_address_unusable", { address, source });
  if (address.startsWith("unix://")) {
    const path = address.slice("unix://".length) || "/var/run/docker.sock";
    if (!path.startsWith("/")) throw unusable();
    return { kind: "unix", path, address: `unix://${path}`, source };
  }
  const url = URL.parse(address.includes("://") ? address : `tcp://${address}`);
  if (url === null || !["tcp:", "http:", "https:"].includes(url.protocol) || url.hostname === "") throw unusable();
  const isTls = tlsFolder !== undefined || url.protocol === "https:";
  const port = Number(url.port) || (isTls ? 2376 : 2375);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const tls = tlsFolder === undefined ? {} : { tls: readTls(tlsFolder) };
  return { kind: "tcp", host, port, ...tls, address, source };
}

function currentContext(folder: string): string | undefined {
  try {
    const { currentContext } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as {
      currentContext?: unknown;
    };
    return typeof currentContext === "string" && currentContext !== "" ? currentContext : undefined;
  } catch {
    // No configuration, or none that can be read: docker's own command line goes on with the default, too.
    return undefined;
  }
}

function endpointOfContext(folder: string, context: string): DockerEndpoint {
  // A context's folder is named for the digest of its name.
  const id = createHash("sha256").update(context).digest("hex");
  const host = contextHost(join(folder, "contexts/meta", id, "meta.json"));
  if (host === undefined) throw dockerHostFailure("docker_context_missing", { context });
  const keys = join(folder, "contexts/tls", id, "docker");
  return endpointFor(host, `docker context ${context}`, hasKeys(keys) ? keys : undefined);
}

function contextHost(file: string): string | undefined {
  try {
    const meta = JSON.parse(readFileSync(file, "utf8")) as { Endpoints?: { docker?: { Host?: unknown } } };
    const host = meta.Endpoints?.docker?.Host;
    return typeof host === "string" && host !== "" ? host : undefined;
  } catch {
    return undefined;
  }
}

function hasKeys(folder: string): boolean {
  try {
    readTls(folder);
    return true;
  } catch {
    return false;
  }
}

function readTls(folder: string): EndpointTls {
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  try {
    return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
  } catch (cause) {
    throw dockerHostFailure("docker_certificate_missing", { folder }, { cause });
  }
}
