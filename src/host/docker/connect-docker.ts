import type Docker from "dockerode";
import { readDockerEndpoint } from "./docker-endpoint.ts";
import { socketHttp } from "./socket-http.ts";

/**
 * A client of the Docker engine that this environment names (see `readDockerEndpoint`). Nothing is sent yet: whether the
 * engine answers shows at the first call. The library is loaded by the first use.
 */
export async function connectDocker(environment: Readonly<Record<string, string | undefined>>): Promise<Docker> {
  const endpoint = readDockerEndpoint(environment);
  const { default: Client } = await import("dockerode");
  // All is said outright: what is left out the library would take from this process's own environment.
  const nothing = { socketPath: undefined, host: undefined, port: undefined, ca: undefined, cert: undefined };
  const base = { ...nothing, key: undefined, timeout: undefined, username: undefined, pathPrefix: undefined };
  if (endpoint.kind === "unix") {
    const { agent } = socketHttp();
    return new Client({ ...base, protocol: "http", socketPath: endpoint.path, agent } as never);
  }
  const { host, port, tls } = endpoint;
  return new Client({ ...base, host, port, protocol: tls === undefined ? "http" : "https", ...tls } as never);
}
