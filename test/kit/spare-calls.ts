import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findSpare, spareFolder } from "../../src/run/spare-place.ts";
import type { Metadata } from "../../src/spec/state-files.ts";
import type { TestCli } from "./cli.ts";

/** What a call that a spare may serve came to: its output as one text, and its exit code. */
export interface SpareRun {
  readonly text: string;
  readonly code: number | null;
}

/** A call that goes on. */
interface SpareCall {
  /** Resolves when it has said so. */
  seen(word: string): Promise<void>;
  readonly ended: Promise<string>;
}

/** Calls of a built caisson by a shell whose pipes a spare can take (a program's own pipes are sockets). */
export interface SpareCalls {
  /** Starts a spare with these options and returns what that said. Throws it when there is none. */
  startSpare(cli: TestCli, ...options: readonly string[]): string;
  /** Starts one that waits long enough to be looked at, and says which keeper waits with it. */
  keepSpare(cli: TestCli, ...options: readonly string[]): Promise<{ readonly keeper: number; readonly said: string }>;
  /** The keeper of the spare that waits; the one before it may still be ending. */
  waitingKeeper(cli: TestCli): Promise<number>;
  piped(cli: TestCli, shell: string, words: readonly string[]): SpareRun;
  pipedLater(cli: TestCli, shell: string, words: readonly string[]): Promise<SpareRun>;
  start(cli: TestCli, shell: string, words: readonly string[]): SpareCall;
  /** The shell that waits for the spare's exit code. */
  callerOf(cli: TestCli): number;
}

/** Calls of the caisson that this launcher starts; asked for at each call. */
export function spareCalls(launcher: () => string): SpareCalls {
  const start = (cli: TestCli, shell: string, words: readonly string[]) => startCall(cli, launcher(), shell, words);
  const waitingKeeper = async (cli: TestCli) => {
    const isKeeper = (pid: number) => /start\.cjs\0keeper/.test(readMaybe(`/proc/${pid}/cmdline`));
    let keeper: number | undefined;
    await until(() => {
      const spare = findSpare(spareFolder(cli.stateRoot));
      // Numbers of processes begin anew at any time: what belongs together is joined by a pipe.
      const told = spare && linkOf(`/proc/${spare.pid}/fd/8`);
      const isJoined = (pid: number) => isKeeper(pid) && linkOf(`/proc/${pid}/fd/0`) === told;
      keeper = told === undefined ? undefined : ownProcesses(cli).find(isJoined);
      return keeper !== undefined;
    });
    return keeper as unknown as number;
  };
  const startSpare = (cli: TestCli, ...options: readonly string[]) => {
    const { status, stderr, stdout } = spawnSync(launcher(), ["spare", ...options], {
      env: cli.environment,
      cwd: cli.workspace,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`caisson spare ended with ${status}: ${stderr}`);
    return stdout + stderr;
  };
  return {
    startSpare,
    keepSpare: async (cli, ...options) => {
      const said = startSpare(cli, ...options);
      return { keeper: await waitingKeeper(cli), said };
    },
    waitingKeeper,
    piped: (cli, shell, words) => {
      const { stdout } = spawnSync("sh", ["-c", inPipe(shell), launcher(), ...words], {
        env: cli.environment,
        cwd: cli.workspace,
        encoding: "utf8",
        timeout: 60_000,
      });
      return codeOf(stdout);
    },
    pipedLater: async (cli, shell, words) => codeOf(await start(cli, inPipe(shell), words).ended),
    start,
    callerOf: (cli) => {
      const isCaller = (pid: number) => readMaybe(`/proc/${pid}/cmdline`).startsWith(`/bin/sh\0${launcher()}\0run`);
      const caller = ownProcesses(cli).find(isCaller);
      // A signal to process 0 would be one to all of us.
      if (caller === undefined) throw new Error("no shell waits for a spare's exit code");
      return caller;
    },
  };
}

/** A shell's words with the exit code behind their output, as a pipe. */
export const inPipe = (shell: string) => `{ ${shell}; echo "code=$?"; } </dev/null 2>/dev/null | cat`;

/** The spare that waits. Throws when there is none: a signal to process 0 would be one to all of us. */
export function waitingSpare(cli: TestCli): number {
  const spare = findSpare(spareFolder(cli.stateRoot));
  if (spare === undefined) throw new Error("no spare waits");
  return spare.pid;
}

/** Every process that has this person's state folder in its variables. */
export function ownProcesses(cli: TestCli): readonly number[] {
  const mark = `XDG_STATE_HOME=${cli.environment.XDG_STATE_HOME}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readMaybe(`/proc/${pid}/environ`).split("\0").includes(mark))
    .map(Number);
}

/** The text of a file; nothing where there is none. */
export function readMaybe(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** What a link in /proc leads to. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a process is there and no zombie. */
export const isThere = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s*Z/m.test(readMaybe(`/proc/${pid}/status`));

/** What a sandbox's metadata says now. */
export const metadataOf = (cli: TestCli, slug: string): Metadata =>
  JSON.parse(readFileSync(join(cli.stateRoot, "sandboxes", slug, "metadata.json"), "utf8")) as Metadata;

/** The keeper that ran it. */
export const keeperOf = (cli: TestCli, slug: string): number => metadataOf(cli, slug).keeper.pid;

/** The slug in a run's first lines. */
export const slugOf = ({ text }: Pick<SpareRun, "text">) => /sandbox\s+(\S+)/.exec(text)?.[1] ?? "";

/** Waits until it is so; throws after a minute. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await isSo()); await sleep(10)) {
    if (Date.now() > end) throw new Error("it did not come to that within a minute");
  }
}

function codeOf(text: string): SpareRun {
  const [, code] = /code=(\d+)\n$/.exec(text) ?? [];
  return { text: text.replace(/code=\d+\n$/, ""), code: code === undefined ? null : Number(code) };
}

function startCall(cli: TestCli, launcher: string, shell: string, words: readonly string[]): SpareCall {
  const child: ChildProcess = spawn("sh", ["-c", `(${shell}) </dev/null 2>&1`, launcher, ...words], {
    env: cli.environment,
    cwd: cli.workspace,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  return {
    seen: (word) => until(() => text.includes(word)),
    ended: new Promise<string>((resolve) => child.once("close", () => resolve(text))),
  };
}
