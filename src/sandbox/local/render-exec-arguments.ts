import type { ExecRequest, LaunchPlan } from "../../spec/engine.ts";
import type { Defences } from "./defences.ts";
import type { LocalPrograms } from "./local-host.ts";
import { filterDescriptor } from "./render-launcher.ts";

/** What differs between two commands of one sandbox. */
export interface ExecContext {
  readonly defences: Defences;
  readonly programs: LocalPrograms;
  /** Arguments of nsenter that lead into the sandbox. */
  readonly enter: readonly string[];
  /** Variables that only bubblewrap may set, at the last moment. */
  readonly atLast: readonly string[];
  /** Processes that the kernel counts in the command's own user namespace, where no cgroup counts them. */
  readonly processes?: number;
}

/** The command line that starts one command inside: into the namespaces, then down into a user namespace of its own. Pure. */
export function renderExecArguments(context: ExecContext, plan: LaunchPlan, request: ExecRequest): readonly string[] {
  const { defences, programs, enter, atLast, processes } = context;
  return [
    programs.nsenter,
    ...enter,
    programs.bwrap,
    ...["--bind", "/", "/"],
    ...["--dev-bind", "/dev", "/dev"],
    ...defences.agentUser,
    ...defences.capabilities,
    ...defences.lifetime,
    ...(request.pty === undefined ? defences.session : []),
    ...["--chdir", request.workdir ?? plan.workdir],
    ...atLast,
    ...["--seccomp", String(filterDescriptor)],
    "--",
    // The terminal is ours and leads nowhere else. It controls the command's session only: our helpers around the command
    // stay out of it, else Ctrl-C would end them, and so the command, whatever that makes of Ctrl-C.
    ...(request.pty === undefined ? [] : [programs.setsid, "--ctty"]),
    ...(processes === undefined ? [] : [programs.prlimit, `--nproc=${processes}`, "--"]),
    ...request.argv,
  ];
}
