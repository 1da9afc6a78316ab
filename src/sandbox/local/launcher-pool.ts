import type { ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { makePipes, type Pipe } from "../../host/process/make-pipes.ts";
import type { LocalHost } from "./local-host.ts";
import { type Launcher, renderLauncher, renderWaitingCommand } from "./render-launcher.ts";

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
  const pipes = await makePipes(host.spawn, ["in", "out", "out", "in"]);
  // Nothing of ours in its environment; what the command is to have comes with the command.
  const child = host.spawn(host.programs.sh, renderLauncher(launcher, filter, []), {
    stdio: pipes.map(({ inside }) => inside),
    env: {},
    cwd: "/",
    detached: true,
  });
  child.on("error", () => {}); // Whoever takes it finds no process id.
  for (const { inside } of pipes) closeSync(inside);
  const [stdin, stdout, stderr, control] = pipes as readonly [Pipe, Pipe, Pipe, Pipe];
  const commands = writable(control);
  return {
    child,
    stdin: writable(stdin),
    stdout: readable(stdout),
    stderr: readable(stderr),
    run: (command, environment) => void commands.end(renderWaitingCommand(command, environment)),
  };
}

function discard({ child, stdin, stdout, stderr }: WaitingLauncher): void {
  child.kill("SIGKILL");
  for (const stream of [stdin, stdout, stderr]) stream.destroy();
}

const readable = ({ near }: Pipe): Readable => new Socket({ fd: near, readable: true, writable: false });

function writable({ near }: Pipe): Writable {
  const stream = new Socket({ fd: near, readable: false, writable: true });
  stream.on("error", () => {}); // Its reader has closed it: what is written after that goes nowhere.
  return stream;
}
