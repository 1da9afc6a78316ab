import type { ProcessIdentity } from "../../host/process-identity.ts";
import type { LocalHost } from "./local-host.ts";

/** Arguments of bubblewrap that do nothing but say whose it is: set, and taken away again before anything runs inside. */
const ownerMark = (owner: string): readonly string[] => [
  ...["--setenv", "CAISSON_OWNER", owner],
  ...["--unsetenv", "CAISSON_OWNER"],
];

/** Marks a holder as that of one sandbox. */
export const holderMark = (stateDir: string) => ownerMark(`holder:${stateDir}`);

/** Marks the helper that connects to a sandbox's published ports: it does not read its arguments. */
export const dialerMark = (stateDir: string): readonly string[] => ["CAISSON_OWNER", `dialer:${stateDir}`];

/**
 * Marks a gate as that of one keeper, which starts it before it knows for which sandbox. A process id means something in its
 * own process namespace alone: that of the keeper belongs to the mark.
 */
export const gateMark = (keeper: Pick<ProcessIdentity, "pid" | "startTicks">, pidNamespace: string | undefined) =>
  ownerMark(`gate:${keeper.pid}:${keeper.startTicks}:${pidNamespace ?? ""}`);

type MarkHost = Pick<LocalHost, "processes" | "files" | "programs">;

/**
 * Finds the processes of one sandbox that are marked: its bubblewraps, and the helper in its network. A bubblewrap whose parent
 * was killed at the wrong moment waits for it for ever, before it mounted anything by which it could be known; the helper
 * ends with its keeper, unless it was stopped before.
 */
export function findMarked(host: MarkHost, stateDir: string): readonly number[] {
  const owners = new Map([
    [`holder:${stateDir}`, host.programs.bwrap],
    [`dialer:${stateDir}`, host.programs.node],
  ]);
  return marked(host, (owner) => owners.get(owner));
}

/**
 * Finds the bubblewraps of gates whose keeper is dead. Each would end with it, were it not for that same moment. We see the
 * gates of containers, too, but not who their keepers are: those are theirs to find.
 */
export function findOrphanedGates(host: MarkHost): readonly number[] {
  const own = host.processes.namespace(process.pid, "pid");
  return marked(host, (owner) => {
    const [, pid = "", startTicks, namespace] = /^gate:(\d+):(\d+):(.*)$/.exec(owner) ?? [];
    if (startTicks === undefined || own === undefined || namespace !== own) return undefined;
    const keeper = host.processes.read(Number(pid));
    const isDead = keeper?.startTicks !== startTicks || /^[ZX]$/.test(keeper.state);
    return isDead ? host.programs.bwrap : undefined;
  });
}

/** `programOf` tells the program of an owner that is looked for; undefined for all others. */
function marked(host: MarkHost, programOf: (owner: string) => string | undefined): readonly number[] {
  return host.processes.pids().filter((pid) => {
    const owner = /\0CAISSON_OWNER\0([^\0]*)\0/.exec(host.processes.file(pid, "cmdline") ?? "")?.[1];
    const program = owner === undefined ? undefined : programOf(owner);
    // A reader of the same text, such as `grep`, is not what executes the program.
    return program !== undefined && host.files.linkTarget(`/proc/${pid}/exe`) === host.files.realPath(program);
  });
}
