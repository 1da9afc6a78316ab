import { statSync } from "node:fs";
import { Failure } from "../../base/failure.ts";
import { type DockerEndpoint, readDockerEndpoint } from "./docker-endpoint.ts";
import { dockerHostFailure } from "./errors.ts";
import { socketHttp } from "./socket-http.ts";

/** The engine of this machine: one that sees its files. */
export type MachineEndpoint = Extract<DockerEndpoint, { kind: "unix" }>;

/** Whether a Docker engine can be used here; `reason` is a few words for a person, `failure` says all of it. */
export type DockerPresence =
  | { readonly answers: true; readonly endpoint: MachineEndpoint }
  | { readonly answers: false; readonly reason: string; readonly failure: Failure };

/** Longest that an engine may take to say that it is there, when nobody insists on it. */
const usualPatienceMs = 500;

/**
 * Asks whether the engine that this environment names answers. Never throws. Where no engine is installed this is one look
 * at a file: a machine without Docker pays nothing for it.
 */
export async function lookForDocker(
  environment: Readonly<Record<string, string | undefined>>,
  patienceMs = usualPatienceMs,
): Promise<DockerPresence> {
  try {
    const endpoint = readDockerEndpoint(environment);
    const { address } = endpoint;
    // What is mounted must lie where the engine is: one that is reached over a network sees another machine's files.
    if (endpoint.kind !== "unix") return absent("its engine is another machine", "docker_remote", { address });
    if (!statSync(endpoint.path, { throwIfNoEntry: false })?.isSocket())
      return absent("docker is not here", "docker_absent", { address, detail: "there is no socket" });
    const detail = await ping(endpoint.path, patienceMs);
    if (detail === undefined) return { answers: true, endpoint };
    return absent(`docker does not answer: ${detail}`, "docker_absent", { address, detail });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { answers: false, reason: error.message, failure: error };
  }
}

function absent<C extends "docker_remote" | "docker_absent">(
  reason: string,
  code: C,
  data: Parameters<typeof dockerHostFailure<C>>[1],
): DockerPresence {
  return { answers: false, reason, failure: dockerHostFailure(code, data) };
}

/** Undefined when it answered, else why not. */
async function ping(socketPath: string, patienceMs: number): Promise<string | undefined> {
  const { get, agent } = socketHttp();
  return await new Promise((resolve) => {
    const request = get({ socketPath, agent, path: "/_ping", timeout: patienceMs }, (response) => {
      response.resume();
      response.once("error", (error) => resolve(error.message));
      response.once("end", () => resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`));
    });
    const late = setTimeout(() => request.destroy(new Error(`nothing within ${patienceMs} ms`)), patienceMs);
    request.once("close", () => clearTimeout(late));
    request.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "EACCES" ? "this user may not use its socket" : (error.code ?? error.message));
    });
  });
}
