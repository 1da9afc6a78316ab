import type { PipePool } from "../../host/process/pipe-pool.ts";
import type { ExecRequest, LaunchPlan, RunningProcess } from "../../spec/engine.ts";
import { enterArguments } from "./enter-arguments.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import { renderExecArguments } from "./render-exec-arguments.ts";
import { type Launcher, renderLauncher } from "./render-launcher.ts";
import { pipedStreams, runningProcess, terminalStreams } from "./running-process.ts";
import { sandboxFolders } from "./sandbox-folders.ts";
import { splitEnvironment } from "./split-environment.ts";
import type { LocalContext } from "./start-holder.ts";

/** A sandbox whose holder is up. */
export interface HeldSandbox {
  readonly plan: LaunchPlan;
  readonly holder: Holder;
  readonly launcher: Launcher;
  readonly pipes: PipePool;
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
  const command = renderExecArguments(context, plan, request);
  const args = renderLauncher(launcher, programs, sandboxFolders(plan.stateDir).seccomp, command);
  const env = request.pty ? { ...around, TERM: request.pty.term } : around;
  const opened = request.pty ? await host.openTerminal(request.pty) : await sandbox.pipes.take();
  const child = host.spawn(programs.sh, args, { stdio: [...opened.inside], env, cwd: "/", detached: true });
  opened.release();
  child.on("error", () => {}); // Told below, and in `ended`.
  const { pid } = child;
  const streams = "output" in opened ? terminalStreams(opened) : pipedStreams(opened);
  if (pid === undefined) {
    for (const [, stream] of streams.outputs) stream.destroy();
    throw localFailure("local_exec_failed", { detail: "its helper could not be spawned" });
  }
  return runningProcess(child, streams, (signal) => signalCommand(host, pid, signal));
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
