import type { LaunchPlan } from "../spec/engine.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";

/** What the engine is to make, from what the keeper was told. */
export function launchPlan(request: LaunchRequest, stateDir: string, proxy: LaunchPlan["proxy"]): LaunchPlan {
  const { policy, metadata } = request;
  const { mode, dir } = metadata.workspace;
  return {
    slug: metadata.slug,
    stateDir,
    workspace: { mode: mode === "mount" ? "mount" : "none", ...(dir !== undefined && { dir }) },
    workdir: request.workdir,
    home: request.home,
    hostname: metadata.slug,
    limits: policy.limits,
    umask: request.umask,
    mounts: policy.mounts,
    toolDirs: request.toolDirs,
    path: request.path,
    environment: policy.environment,
    unixSockets: policy.unixSockets,
    files: request.files,
    proxy,
  };
}
