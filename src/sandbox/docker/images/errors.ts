import { failures } from "../../../base/failure.ts";

/** Failures of building and finding images. */
export const imageFailure = failures({
  image_target_unknown: {
    message: (d: { target: string; known: readonly string[] }) =>
      `Cannot build image: there is no target "${d.target}" (there are: ${d.known.join(", ")})`,
    hint: () => "caisson images build",
    status: 404,
    exit: 2,
  },
  image_engine_silent: {
    message: (d: { address: string }) => `Cannot use images: the docker engine does not answer at ${d.address}`,
    hint: () => "caisson doctor --fix --engine docker",
    status: 503,
    exit: 4,
  },
  image_base_missing: {
    message: (d: { image: string; reason: string }) =>
      `Cannot build image: base image "${d.image}" is not here and could not be pulled (${d.reason})`,
    hint: () => "caisson images build --base IMAGE   (a Debian or Ubuntu image that this machine can reach)",
    status: 424,
    exit: 4,
  },
  image_build_failed: {
    message: (d: { target: string; step: string; reason: string; output: string }) =>
      `Cannot build image ${d.target}: ${d.step} failed: ${d.reason}${d.output === "" ? "" : `\n${d.output}`}`,
    hint: (d) => `caisson images build ${d.target} --network host   (if the build has no way to its packages)`,
    status: 424,
    exit: 6,
  },
  image_own_missing: {
    message: (d: { path: string }) => `Cannot build the agent's image: there is no Dockerfile at ${d.path}`,
    hint: () => "look at dockerfile: in the manifest; it starts from the manifest's folder",
    status: 404,
    exit: 2,
  },
  image_own_changed: {
    message: ({ path }: { path: string }) => `Cannot build ${path}: its folder is not as you trusted it`,
    hint: () => "caisson policy trust",
    status: 409,
    exit: 5,
  },
  image_own_in_workspace: {
    message: (d: { path: string }) =>
      `Cannot build the agent's image from ${d.path}: its folder and the workspace lie in one another, and what an agent may write to is not built outside of a sandbox`,
    hint: () => "move the Dockerfile and what it copies to a folder of its own, such as ~/.config/caisson/IMAGE/",
    status: 403,
    exit: 5,
  },
  image_own_too_large: {
    message: (d: { path: string; folder: string }) =>
      `Cannot build the agent's image from ${d.path}: its folder holds over 100 MiB or 20000 files`,
    hint: (d) => `name what the build does not need in ${d.folder}/.dockerignore`,
    status: 413,
    exit: 4,
  },
  image_own_failed: {
    message: (d: { path: string; step: string; reason: string; output: string }) =>
      `Cannot build the agent's image from ${d.path}: ${d.step} failed: ${d.reason}${d.output === "" ? "" : `\n${d.output}`}`,
    hint: (d) => `docker build -f ${d.path} ${d.path.slice(0, d.path.lastIndexOf("/")) || "/"}`,
    status: 424,
    exit: 6,
  },
  image_own_interrupted: {
    message: (d: { path: string }) =>
      `Interrupted while the agent's image was built from ${d.path}; nothing was started`,
    hint: () => "caisson run ... (goes on from the steps that were done)",
    status: 499,
    exit: 130,
  },
  image_missing: {
    message: (d: { image: string }) => `Cannot start sandbox: image "${d.image}" is not here`,
    hint: (d) => {
      const target = /^caisson-([a-z-]+)(:latest)?$/.exec(d.image)?.[1];
      return target === undefined ? `docker pull ${d.image}` : `caisson images build ${target}`;
    },
    status: 404,
    exit: 4,
  },
  image_snapshot_missing: {
    message: (d: { image: string }) => `Cannot resume: the recorded snapshot "${d.image}" is not in this engine`,
    hint: () =>
      "caisson import FILE   (or say with a flag to start from the provider's image, without what the snapshot held)",
    status: 404,
    exit: 4,
  },
  image_lacks: {
    message: (d: { image: string; lacks: readonly string[] }) =>
      `Cannot start sandbox: image "${d.image}" lacks ${d.lacks.join(", ")}`,
    hint: () => "build it FROM caisson-base (caisson images build base), or install these in it",
    status: 422,
    exit: 4,
  },
});
