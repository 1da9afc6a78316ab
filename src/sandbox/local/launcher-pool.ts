import type { ChildProcess } from "node:child_process";
import { closeSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { firstOutput, makePipes, openNear } from "../../host/process/make-pipes.ts";
import type { LocalHost } from "./local-host.ts";
import {
  type Launcher,
  pipeDescriptors,
  renderWaiting,
  renderWaitingCommand,
  renderWaitingLauncher,
} from "./render-launcher.ts";

/** A launcher that has joined the sandbox's cgroups and waits for its command. */
export interface WaitingLauncher {
  readonly child: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  run(command: readonly string[], environment: Readonly<Record<string, string>>): void;
}

/** Keeps one launcher waiting: joining a cgroup takes the kernel longer than all the rest of starting a command. */
export interface LauncherPool {
  take(): Promise<WaitingLauncher>;
  /** Ends the one that waits. */
  close(): void;
}

/** A command that was just started has the machine to itself for this long. */
const refillMilliseconds = 250;

/** Starts the first launcher at once; the next ones some time after one was taken. */
export function createLauncherPool(
  host: Pick<LocalHost, "spawn" | "programs">,
  launcher: Launcher,
  filter: string,
): LauncherPool {
  let closed = false;
  let next: Promise<WaitingLauncher> | undefined;
  const refill = () => {
    if (closed || next !== undefined) return;
    next = startWaiting(host, launcher, filter);
    next.catch(() => {}); // Told to whoever takes it.
  };
  refill();
  return {
    take: () => {
      const mine = next ?? startWaiting(host, launcher, filter);
      next = undefined;
      setTimeout(refill, refillMilliseconds).unref();
      return mine;
    },
    close: () => {
      closed = true;
      next?.then(discard).catch(() => {});
      next = undefined;
    },
  };
}

async function startWaiting(
  host: Pick<LocalHost, "spawn" | "programs">,
  launcher: Launcher,
  filter: string,
): Promise<WaitingLauncher> {
  const args = renderWaitingLauncher(launcher, filter);
  return (await startWithOwnPipes(host, args)) ?? (await startWithPipes(host, args));
}

/** Undefined where the shell makes a file of a here-document. */
async function startWithOwnPipes(
  host: Pick<LocalHost, "spawn" | "programs">,
  args: readonly string[],
): Promise<WaitingLauncher | undefined> {
  const child = host.spawn(host.programs.sh, args, { ...settings, stdio: ["pipe", "pipe", "ignore"] });
  const commands = commandsOf(child);
  try {
    commands.write(renderWaiting("made"));
    await firstOutput(child);
    const at = (name: keyof typeof pipeDescriptors) => `/proc/${child.pid}/fd/${pipeDescriptors[name]}`;
    if (!(["stdin", "stdout", "stderr"] as const).every((name) => statSync(at(name)).isFIFO())) {
      child.kill("SIGKILL");
      return undefined;
    }
    const [stdin, stdout, stderr] = [
      openNear(at("stdin"), "in"),
      openNear(at("stdout"), "out"),
      openNear(at("stderr"), "out"),
    ];
    return waitingLauncher(child, commands, [stdin, stdout, stderr]);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

async function startWithPipes(
  host: Pick<LocalHost, "spawn" | "programs">,
  args: readonly string[],
): Promise<WaitingLauncher> {
  const pipes = await makePipes(host.spawn, ["in", "out", "out"]);
  const child = host.spawn(host.programs.sh, args, {
    ...settings,
    stdio: ["pipe", "ignore", "ignore", ...pipes.map(({ inside }) => inside)],
  });
  for (const { inside } of pipes) closeSync(inside);
  const commands = commandsOf(child);
  commands.write(renderWaiting("given"));
  const [stdin, stdout, stderr] = pipes.map(({ near }) => near) as [number, number, number];
  return waitingLauncher(child, commands, [stdin, stdout, stderr]);
}

// Nothing of ours in its environment; what the command is to have comes with the command.
const settings = { env: {}, cwd: "/", detached: true } as const;

function waitingLauncher(
  child: ChildProcess,
  commands: Writable,
  [stdin, stdout, stderr]: readonly [number, number, number],
): WaitingLauncher {
  child.on("error", () => {}); // Whoever takes it finds no process id.
  return {
    child,
    stdin: writable(stdin),
    stdout: readable(stdout),
    stderr: readable(stderr),
    run: (command, environment) => void commands.end(renderWaitingCommand(command, environment)),
  };
}

/** What the shell reads its commands from. */
function commandsOf(child: ChildProcess): Writable {
  if (child.stdin === null) throw new Error("a shell that waits could not be spawned");
  child.stdin.on("error", () => {}); // One that has ended reads nothing; its end is seen by whoever took it.
  return child.stdin;
}

function discard({ child, stdin, stdout, stderr }: WaitingLauncher): void {
  child.kill("SIGKILL");
  for (const stream of [stdin, stdout, stderr]) stream.destroy();
}

const readable = (fd: number): Readable => new Socket({ fd, readable: true, writable: false });

function writable(fd: number): Writable {
  const stream = new Socket({ fd, readable: false, writable: true });
  stream.on("error", () => {}); // Its reader has closed it: what is written after that goes nowhere.
  return stream;
}
