import { failures } from "../../base/failure.ts";

/** Expected failures of the docker engine. */
export const dockerErrors = {
  docker_no_subnet: {
    message: ({ tries }: { tries: number }) =>
      `Cannot make the sandbox's networks: all of ${tries} tried address ranges are taken`,
    hint: () => "caisson cleanup",
    status: 503,
    exit: 6,
  },
  docker_no_shell: {
    message: ({ image }: { image: string }) => `Cannot start the sandbox: image ${image} has no /bin/sh`,
    hint: () => "add a shell to the image, or build on one of: caisson images ls",
    status: 409,
    exit: 4,
  },
  docker_start_failed: {
    message: ({ service, detail }: { service: string; detail: string }) =>
      `Cannot start the sandbox: its ${service} container ended at once: ${detail}`,
    hint: () => "caisson doctor --engine docker",
    status: 500,
    exit: 6,
  },
  docker_service_unhealthy: {
    message: ({ service, seconds, said }: { service: string; seconds: number; said: string }) =>
      `Cannot start the sandbox: service ${service} is not healthy, and had at most ${seconds} s${said === "" ? "" : `; it said: ${said}`}`,
    hint: ({ service }: { service: string }) => `look at health: of ${service} in the manifest`,
    status: 504,
    exit: 6,
  },
  docker_port_taken: {
    message: ({ detail }: { detail: string }) => `Cannot publish a port: ${detail}`,
    hint: () => "caisson run --publish 0:PORT (any free port)",
    status: 409,
    exit: 7,
  },
  docker_exec_failed: {
    message: ({ detail }: { detail: string }) => `Cannot run a command in the sandbox: ${detail}`,
    hint: () => "caisson ls",
    status: 500,
    exit: 6,
  },
} as const;

/** Makes a failure of the docker engine. */
export const dockerFailure = failures(dockerErrors);
