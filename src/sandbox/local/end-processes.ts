import { isSameProcess, type ProcessIdentity } from "../../host/process-identity.ts";
import type { LocalHost } from "./local-host.ts";

/** What ending a sandbox needs of the outside. */
export type EndHost = Pick<LocalHost, "processes" | "kill" | "cgroups">;

/** Longest that ending may take, whatever state the processes are in. */
const endSeconds = 14;

/** Kills what `find` names until it finds nothing more. Returns what is left when the time is up: empty = all are gone. */
export async function endProcesses(
  host: Pick<LocalHost, "kill">,
  find: () => readonly number[],
): Promise<readonly string[]> {
  const deadline = Date.now() + endSeconds * 1000;
  for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
    const left = find();
    if (left.length === 0) return [];
    if (Date.now() > deadline) return left.map((pid) => `process ${pid}`);
    for (const pid of left) host.kill(pid, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/**
 * Ends a process namespace: its first process is killed, and the kernel then kills the rest, whatever they ignore and
 * however they detached. Sees to it that none is left.
 */
export async function endNamespace(
  host: EndHost,
  sandbox: { readonly init?: ProcessIdentity; readonly monitor?: ProcessIdentity; readonly pidNamespace?: string },
): Promise<readonly string[]> {
  const { init, monitor, pidNamespace } = sandbox;
  // The kernel may give the namespace's number to a new one at once: only what is older than this moment can be ours, and
  // nothing is where the first process is gone already, for the rest ended before it did.
  const now = host.processes.ticks();
  const isThere = init !== undefined && isSameProcess(init);
  const heads = [init, monitor].filter((process) => process !== undefined);
  const ended = await endProcesses(host, () => heads.filter(isSameProcess).map(({ pid }) => pid));
  if (ended.length > 0 || pidNamespace === undefined || !isThere) return ended;
  return endProcesses(host, () =>
    host.processes.pids().filter((pid) => {
      const facts = host.processes.read(pid);
      const isOld = facts !== undefined && !/^[ZX]$/.test(facts.state) && Number(facts.startTicks) < now;
      return isOld && host.processes.namespace(pid, "pid") === pidNamespace;
    }),
  );
}

/** Ends what is in cgroups of ours and removes them. A cgroup that is not there is a removed one. */
export async function endGroups(host: EndHost, dirs: readonly string[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const dir of dirs) {
    const members = () =>
      (host.cgroups.read(`${dir}/cgroup.procs`) ?? "")
        .split("\n")
        .map(Number)
        .filter((pid) => pid > 0);
    left.push(...(await endProcesses(host, members)));
    if (!(await removed(host, dir))) left.push(`cgroup ${dir}`);
  }
  return left;
}

/** The kernel lets go of a group a moment after its last process. */
async function removed(host: EndHost, dir: string): Promise<boolean> {
  for (let pause = 1; pause <= 1024; pause *= 2) {
    if (host.cgroups.remove(dir)) return true;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return false;
}
