import type { LocalHost } from "./local-host.ts";

/** Arguments of bubblewrap that do nothing but say whose it is: set, and taken away again before anything runs inside. */
export const ownerMark = (role: "holder" | "gate", stateDir: string): readonly string[] => [
  ...["--setenv", "CAISSON_OWNER", `${role}:${stateDir}`],
  ...["--unsetenv", "CAISSON_OWNER"],
];

/**
 * Finds the bubblewraps of one sandbox and its gate by their mark. One whose parent was killed at the wrong moment waits for
 * it for ever, before it mounted anything by which it could be known.
 */
export function findMarked(
  host: Pick<LocalHost, "processes" | "files" | "programs">,
  stateDir: string,
): readonly number[] {
  const program = host.files.realPath(host.programs.bwrap);
  const mark = new RegExp(`\\0CAISSON_OWNER\\0(holder|gate):${escapePattern(stateDir)}\\0`);
  return host.processes.pids().filter((pid) => {
    // A reader of the same text, such as `grep`, is not what executes bubblewrap.
    if (!mark.test(host.processes.file(pid, "cmdline") ?? "")) return false;
    return host.files.linkTarget(`/proc/${pid}/exe`) === program;
  });
}

const escapePattern = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
