import type { FileFacts } from "../../host/process/file-facts.ts";
import type { LaunchPlan } from "../../spec/engine.ts";
import { keptFolders } from "../kept-folders.ts";
import { runFolderInside, sandboxFolders } from "../sandbox-folders.ts";
import type { Defences } from "./defences.ts";
import type { LocalPrograms } from "./local-host.ts";
import { holderMark } from "./owner-mark.ts";
import { renderMounts } from "./render-mounts.ts";
import type { SandboxView, ViewMount } from "./view.ts";

/** Descriptors that the holder's bubblewrap is given. */
export const holderDescriptors = { info: 3, seccomp: 4 } as const;

/** What rendering looks at besides plan and view. */
export interface HolderContext {
  readonly defences: Defences;
  readonly files: FileFacts;
  readonly programs: LocalPrograms;
  readonly isRoot: boolean;
}

/** Arguments of the bubblewrap that makes the sandbox, with these mounts, and keeps it open. Pure. */
export function renderHolderArguments(
  { defences, programs }: Pick<HolderContext, "defences" | "programs">,
  plan: LaunchPlan,
  mounts: readonly ViewMount[],
): readonly string[] {
  return [
    ...defences.namespaces,
    // Root of its own user namespace, without capabilities: with any other id bubblewrap nests a second namespace, and
    // nobody but root could then enter the network and process namespaces, which belong to the first.
    ...["--uid", "0", "--gid", "0"],
    ...["--hostname", plan.hostname],
    ...defences.lifetime,
    ...defences.session,
    ...defences.capabilities,
    ...renderMounts(mounts),
    ...holderMark(plan.stateDir),
    ...["--chdir", "/"],
    ...["--info-fd", String(holderDescriptors.info)],
    ...["--seccomp", String(holderDescriptors.seccomp)],
    "--",
    programs.cat,
  ];
}

/** All mounts of a sandbox, in order. Looks at the file system, changes nothing: system, own folders, tools, the person's mounts, workspace; then the root is sealed. */
export function holderMounts(context: HolderContext, plan: LaunchPlan, view: SandboxView): readonly ViewMount[] {
  const { defences, files, programs } = context;
  const folders = sandboxFolders(plan.stateDir);
  const isInWorkspace = (path: string) =>
    plan.workspace.dir !== undefined && `${path}/`.startsWith(`${plan.workspace.dir}/`);
  const mounts = plan.mounts.map(
    ({ source, target, writable }): ViewMount => ({ kind: writable ? "bind" : "ro-bind", source, target }),
  );
  return [
    ...defences.system(files, folders.etc),
    ...defences.proc(files, folders, context.isRoot),
    ...defences.devices(shmBytes(plan)),
    { kind: "bind", source: folders.tmp, target: "/tmp" },
    { kind: "bind", source: folders.home, target: plan.home },
    ...keptFolders(plan).map((kept): ViewMount => ({ kind: "bind", ...kept })),
    ...helperMounts(programs),
    ...plan.toolDirs.flatMap((dir) => toolMounts(files, dir)),
    ...mounts.filter(({ target }) => !isInWorkspace(target)),
    ...view.mounts,
    ...mounts.filter(({ target }) => isInWorkspace(target)),
    { kind: "ro-bind", source: folders.run, target: runFolderInside },
    ...defences.trust(files, folders.trustBundle),
    { kind: "remount-ro", target: "/etc" },
    ...defences.root,
  ];
}

/** Shared memory counts as memory; half of the limit is what Linux gives by default. */
const shmBytes = (plan: LaunchPlan) => Math.floor(plan.limits.memoryBytes / 2);

const isSystem = (path: string) => /^\/(usr|bin|sbin|lib|lib32|lib64|libx32)(\/|$)/.test(path);

/** Our helpers run inside for a moment, when they start a command: where they are not the system's they are shown, too. */
function helperMounts(programs: LocalPrograms): readonly ViewMount[] {
  return [programs.bwrap, programs.prlimit, programs.setsid, programs.cat, programs.mount]
    .filter((path) => !isSystem(path))
    .map((path) => ({ kind: "ro-bind", source: path, target: path }));
}

/** A tool's folder under the path that was asked for and, where that leads through links, under its real path too. */
function toolMounts(files: FileFacts, dir: string): readonly ViewMount[] {
  const real = files.realPath(dir);
  if (real === undefined) return [];
  return [...new Set([dir, real])]
    .filter((target) => !isSystem(target))
    .map((target) => ({ kind: "ro-bind", source: real, target }));
}
