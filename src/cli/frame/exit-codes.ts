import type { RunEnd } from "../../spec/events.ts";

/** What each exit code means, for `--help` and docs/commands.md. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: "done",
  1: "done, and the answer is no (said which)",
  2: "wrong usage: unknown command, option or value; a manifest that cannot be read",
  3: "not found: no such sandbox, agent or file",
  4: "not ready: something this machine lacks, or not in this version",
  5: "refused by policy",
  6: "the engine failed, or the run's keeper or machine died",
  7: "conflict: it is there already, or it is in use",
  8: "the agent's answer does not fit its output schema",
  70: "a bug in Caisson: the stack and where it was written are printed",
  124: "the run's time was over",
  130: "stopped (Ctrl-C, caisson stop)",
  137: "killed (Ctrl-C twice, caisson kill)",
};

/** Exit code for wrong use of what is ours to fix: an unexpected error. */
export const bugExit = 70;

/** Exit code of a run: the agent's own where it ended by itself, a documented one of ours where it did not. */
export function exitOfRun(end: RunEnd, exitCode: number | null): number {
  switch (end) {
    case "completed":
      return exitCode ?? 0;
    case "failed":
      return exitCode === null || exitCode === 0 ? 1 : exitCode;
    case "timed_out":
      return 124;
    case "stopped":
      return 130;
    case "killed":
      return 137;
    case "interrupted":
    case "launch_failed":
      return 6;
  }
}
