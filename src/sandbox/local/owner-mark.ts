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
 * Finds the bubblewraps of one sandbox by their mark. One whose parent was killed at the wrong moment waits for it for ever,
 * before it mounted anything by which it could be known.
 */
export function findHolders(host: MarkHost, stateDir: string): readonly number[] {
  return marked(host, host.programs.bwrap, (owner) => owner === `holder:${stateDir}`);
}

/** Finds the helper in a sandbox's network by its mark. It ends with its keeper, unless it was stopped before. */
export function findDialers(host: MarkHost, stateDir: string): readonly number[] {
  return marked(host, host.programs.node, (owner) => owner === `dialer:${stateDir}`);
}

/**
 * Finds the bubblewraps of gates whose keeper is dead. Each would end with it, were it not for that same moment. We see the
 * gates of containers, too, but not who their keepers are: those are theirs to find.
 */
export function findOrphanedGates(host: MarkHost): readonly number[] {
  const own = host.processes.namespace(process.pid, "pid");
  return marked(host, host.programs.bwrap, (owner) => {
    const [, pid = "", startTicks, namespace] = /^gate:(\d+):(\d+):(.*)$/.exec(owner) ?? [];
    if (startTicks === undefined || own === undefined || namespace !== own) return false;
    const keeper = host.processes.read(Number(pid));
    return keeper?.startTicks !== startTicks || /^[ZX]$/.test(keeper.state);
  });
}

function marked(host: MarkHost, path: string, isOurs: (owner: string) => boolean): readonly number[] {
  const program = host.files.realPath(path);
  return host.processes.pids().filter((pid) => {
    const owner = /\0CAISSON_OWNER\0([^\0]*)\0/.exec(host.processes.file(pid, "cmdline") ?? "")?.[1];
    // A reader of the same text, such as `grep`, is not what executes the program.
    return owner !== undefined && isOurs(owner) && host.files.linkTarget(`/proc/${pid}/exe`) === program;
  });
}
