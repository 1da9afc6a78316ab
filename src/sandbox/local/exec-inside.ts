import type { ChildProcess } from "node:child_process";
import type { ExecRequest, LaunchPlan, RunningProcess } from "../../spec/engine.ts";
import { sandboxFolders } from "../sandbox-folders.ts";
import { enterArguments } from "./enter-arguments.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LauncherPool } from "./launcher-pool.ts";
import { renderExecArguments } from "./render-exec-arguments.ts";
import { type Launcher, pinCommand, renderLauncher } from "./render-launcher.ts";
import { pipedStreams, runningProcess, terminalStreams } from "./running-process.ts";
import { splitEnvironment } from "./split-environment.ts";
import type { LocalContext } from "./start-holder.ts";

/** A sandbox whose holder is up. */
export interface HeldSandbox {
  readonly plan: LaunchPlan;
  readonly holder: Holder;
  readonly launcher: Launcher;
  readonly launchers: LauncherPool;
  /** Processes that the kernel counts in the command's own user namespace, where no cgroup counts them. */
  readonly processes?: number;
}

/** Starts a command inside, with pipes or in a terminal of its own. */
export async function execInside(
  { host, defences }: LocalContext,
  sandbox: HeldSandbox,
  request: ExecRequest,
): Promise<RunningProcess> {
  const { plan, holder, launcher, processes } = sandbox;
  const { programs } = host;
  const { around, atLast } = splitEnvironment(defences.environment(plan, request));
  const enter = enterArguments(holder, ["net", "mount", "pid", "ipc", "uts", "cgroup"]);
  const context = { defences, programs, enter, atLast, ...(processes !== undefined && { processes }) };
  const command = pinCommand(launcher, programs.taskset, renderExecArguments(context, plan, request));
  if (request.pty === undefined) {
    const waiting = await sandbox.launchers.take();
    waiting.run(command, around);
    return runningProcess(waiting.child, pipedStreams(waiting), signaller(host, waiting.child));
  }
  const terminal = await host.openTerminal(request.pty);
  const args = renderLauncher(launcher, sandboxFolders(plan.stateDir).seccomp, command);
  const env = { ...around, TERM: request.pty.term };
  const child = host.spawn(programs.sh, args, { stdio: [...terminal.inside], env, cwd: "/", detached: true });
  terminal.release();
  return runningProcess(child, terminalStreams(terminal), signaller(host, child));
}

/** Signals a command through the launcher that it was started by. */
function signaller(host: LocalContext["host"], child: ChildProcess): (signal: NodeJS.Signals) => void {
  const { pid } = child;
  if (pid === undefined) {
    child.on("error", () => {});
    throw localFailure("local_exec_failed", { detail: "its helper could not be spawned" });
  }
  return (signal) => signalCommand(host, pid, signal);
}

/** Signals the command's process group: below the launcher are bubblewrap, then the command, which leads its own session. */
function signalCommand(host: LocalContext["host"], launcher: number, signal: NodeJS.Signals): void {
  const monitor = host.processes.children(launcher)[0];
  const command = monitor === undefined ? undefined : host.processes.children(monitor)[0];
  if (command === undefined) return void host.kill(launcher, signal);
  if (host.processes.read(command)?.session === command) {
    if (host.kill(-command, signal)) return;
  }
  host.kill(command, signal);
}
