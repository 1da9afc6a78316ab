import { copyPaths } from "../sandbox/workspace/copy/copy-paths.ts";
import type { LaunchPlan } from "../spec/engine.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";

/** What the engine is to make, from what the keeper was told. */
export function launchPlan(request: LaunchRequest, stateDir: string, proxy: LaunchPlan["proxy"]): LaunchPlan {
  const { policy, metadata } = request;
  return {
    slug: metadata.slug,
    stateDir,
    workspace: plannedWorkspace(metadata.workspace, stateDir),
    workdir: request.workdir,
    home: request.home,
    hostname: metadata.slug,
    limits: policy.limits,
    umask: request.umask,
    mounts: policy.mounts,
    ports: policy.ports,
    toolDirs: request.toolDirs,
    path: request.path,
    environment: policy.environment,
    unixSockets: policy.unixSockets,
    files: request.files,
    keeps: request.keeps,
    proxy,
  };
}

function plannedWorkspace(
  { mode, dir }: LaunchRequest["metadata"]["workspace"],
  stateDir: string,
): LaunchPlan["workspace"] {
  if (dir === undefined) return { mode: "none" };
  return mode === "copy" ? { mode, dir, source: copyPaths(stateDir).tree } : { mode, dir };
}
