import { findMountOrigin, hasMounted } from "../../host/process/mount-origin.ts";
import { isSameProcess, type ProcessIdentity } from "../../host/process-identity.ts";
import { sandboxFolders } from "../sandbox-folders.ts";
import { type EndHost, endGroups, endNamespace, endProcesses } from "./end-processes.ts";
import type { HolderFacts } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";
import { findMarked, findOrphanedGates } from "./owner-mark.ts";

/**
 * Ends whatever may be left of a sandbox whose keeper is dead, from the journal's facts (which may be incomplete) and its
 * state folder. Never by a name: by identity, by membership of its cgroups, by its private home being mounted, and by the
 * mark of its bubblewraps; with `keeper`, also what that one had forked and what had not become its program yet. Idempotent.
 * Returns what is left.
 */
export async function reapSandbox(
  host: EndHost & Pick<LocalHost, "files" | "programs">,
  stateDir: string,
  facts: HolderFacts,
  keeper?: ProcessIdentity,
): Promise<readonly string[]> {
  return [
    ...(await endNamespace(host, facts)),
    ...(await endProcesses(host, () => [
      // First: one that becomes a bubblewrap meanwhile is found by its mark below.
      ...(keeper === undefined ? [] : unbornOf(host, keeper)),
      ...processesWithHome(host, stateDir),
      ...findMarked(host, stateDir),
    ])),
    ...(await endGroups(host, facts.cgroups ?? [])),
  ];
}

/** Ends the gates that outlived their keeper's death. Idempotent. Returns what is left. */
export function reapGates(host: EndHost & Pick<LocalHost, "files" | "programs">): Promise<readonly string[]> {
  return endProcesses(host, () => findOrphanedGates(host));
}

/**
 * Processes that a keeper, which is dead, had forked and that have not executed their program yet: still our Node, in the
 * keeper's session. They tell nothing of the sandbox, and go on to start it. A keeper that lives has none.
 */
function unbornOf(
  host: Pick<LocalHost, "processes" | "files" | "programs">,
  keeper: ProcessIdentity,
): readonly number[] {
  if (isSameProcess(keeper) || keeper.bootId !== host.processes.bootId()) return [];
  // The number of a session is not given anew while one of it is left: somebody else with it means that none is.
  const namesake = host.processes.read(keeper.pid);
  if (namesake !== undefined && namesake.startTicks !== keeper.startTicks) return [];
  const node = host.files.realPath(host.programs.node);
  return host.processes.pids().filter((pid) => {
    const process = host.processes.read(pid);
    if (process?.session !== keeper.pid || pid === keeper.pid || /^[ZX]$/.test(process.state)) return false;
    const isYounger = Number(process.startTicks) >= Number(keeper.startTicks);
    return isYounger && host.files.linkTarget(`/proc/${pid}/exe`) === node;
  });
}

/** Processes that see the sandbox's private home: all of its own, from before the journal could name any. */
function processesWithHome(host: Pick<LocalHost, "processes" | "files">, stateDir: string): readonly number[] {
  const home = host.files.realPath(sandboxFolders(stateDir).home);
  const own = host.processes.file("self", "mountinfo");
  const origin = home === undefined || own === undefined ? undefined : findMountOrigin(own, home);
  if (origin === undefined) return [];
  // Most processes share our own mounts, where that home is none: telling so costs far less than reading what they see.
  const ownMounts = host.processes.namespace(process.pid, "mnt");
  return host.processes.pids().filter((pid) => {
    if (ownMounts !== undefined && host.processes.namespace(pid, "mnt") === ownMounts) return false;
    if (/^[ZX]$/.test(host.processes.read(pid)?.state ?? "X")) return false;
    return hasMounted(host.processes.file(pid, "mountinfo") ?? "", origin);
  });
}
