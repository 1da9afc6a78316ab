import { failures } from "../../base/failure.ts";

/** Failures of finding and speaking to a Docker engine. */
export const dockerHostFailure = failures({
  docker_address_unusable: {
    message: (d: { address: string; source: string }) =>
      `Cannot use the docker engine at ${d.address} (${d.source}): only unix:// and tcp:// addresses are understood`,
    hint: () => "export DOCKER_HOST=unix:///var/run/docker.sock",
    status: 400,
    exit: 2,
  },
  docker_context_missing: {
    message: (d: { context: string }) => `Cannot use docker context "${d.context}": it is not here or names no engine`,
    hint: () => "docker context ls",
    status: 404,
    exit: 3,
  },
  docker_absent: {
    message: (d: { address: string; detail: string }) =>
      `Cannot use the docker engine at ${d.address}: it does not answer (${d.detail})`,
    hint: () => "sudo systemctl start docker    or: caisson run --engine local",
    status: 503,
    exit: 4,
  },
  docker_remote: {
    message: (d: { address: string }) =>
      `Cannot use the docker engine at ${d.address}: it may be another machine, which does not see this one's files`,
    hint: () => "export DOCKER_HOST=unix:///var/run/docker.sock    or: caisson run --engine local",
    status: 400,
    exit: 4,
  },
  docker_certificate_missing: {
    message: (d: { folder: string }) =>
      `Cannot speak TLS with the docker engine: ${d.folder} lacks ca.pem, cert.pem or key.pem`,
    hint: (d) => `ls -l ${d.folder}`,
    status: 409,
    exit: 4,
  },
  docker_silent: {
    message: (d: { act: string; detail: string }) => `Cannot ${d.act}: the docker engine does not answer (${d.detail})`,
    hint: () => "caisson doctor --engine docker",
    status: 503,
    exit: 4,
  },
  docker_refused: {
    message: (d: { act: string; status: number; detail: string }) => `Cannot ${d.act}: docker says: ${d.detail}`,
    hint: () => "caisson doctor --engine docker",
    status: 502,
    exit: 6,
  },
});
