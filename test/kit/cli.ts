import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { processesAt } from "./processes-saying.ts";

/** What one call of `caisson` came to. */
interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when it ended by a signal. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output as the one JSON object that it is. */
  json<T = Record<string, unknown>>(): T;
  /** Standard output as JSON lines. */
  jsonLines<T = Record<string, unknown>>(): readonly T[];
}

/** A call of `caisson` that is still going on. */
interface RunningCli {
  readonly pid: number;
  readonly stdin: NodeJS.WritableStream;
  /** Resolves as soon as standard output or error holds this. */
  seen(text: string | RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<CliResult>;
}

/** Options of one call. */
interface CliCall {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
}

/** The real `caisson` with every folder of its user's in a temporary one. Disposing kills all that it started. */
export interface TestCli extends AsyncDisposable {
  readonly home: string;
  /** `$XDG_STATE_HOME/caisson`. */
  readonly stateRoot: string;
  readonly configDir: string;
  /** An empty folder to work in; calls start there. */
  readonly workspace: string;
  /** What each call gets. */
  readonly environment: Readonly<Record<string, string>>;
  run(args: readonly string[], call?: CliCall): Promise<CliResult>;
  start(args: readonly string[], call?: CliCall): RunningCli;
}

/** Longest that a user's last processes are waited for. */
const leaveMs = 20_000;

/** `bin/caisson` itself. */
export const launcher = resolve(import.meta.dirname, "../../bin/caisson");
// Variables that would make a test depend on who runs it.
const personal = /^(ANTHROPIC_|CLAUDE|OPENAI_|GEMINI_|OPENROUTER_|CAISSON_|XDG_|DBUS_|NO_COLOR|FORCE_COLOR)/;

/**
 * A new user of Caisson, with nothing in any folder but these variables. `await using cli = createTestCli()`. `within` is a
 * command that starts the one that follows it elsewhere.
 */
export function createTestCli(
  variables: Readonly<Record<string, string>> = {},
  within: readonly string[] = [],
): TestCli {
  // Short, for keeper.sock lies below it: the path of a unix socket has 107 bytes.
  const root = mkdtempSync(join(tmpdir(), "cs-"));
  const folders = {
    home: join(root, "h"),
    state: join(root, "s"),
    config: join(root, "c"),
    workspace: join(root, "w"),
  };
  for (const folder of Object.values(folders)) mkdirSync(folder, { mode: 0o700 });
  const usual = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || personal.test(name) ? [] : [[name, value]],
    ),
  );
  const environment = {
    ...usual,
    HOME: folders.home,
    // A machine with a Docker engine of its own would choose that.
    CAISSON_ENGINE: "local",
    ...variables,
    XDG_STATE_HOME: folders.state,
    XDG_CONFIG_HOME: folders.config,
    // Compiled code may be shared: it says nothing about the user.
    NODE_COMPILE_CACHE: join(homedir(), ".cache/caisson/compile"),
  };
  const start = (args: readonly string[], call: CliCall = {}) =>
    startCli([...within, launcher, ...args], {
      cwd: call.cwd ?? folders.workspace,
      env: { ...environment, ...call.env },
      input: call.input,
    });
  const run = (args: readonly string[], call: CliCall = {}) => start(args, { input: "", ...call }).ended;
  return {
    home: folders.home,
    stateRoot: join(folders.state, "caisson"),
    configDir: join(folders.config, "caisson"),
    workspace: folders.workspace,
    environment,
    run,
    start,
    async [Symbol.asyncDispose]() {
      await run(["kill"]);
      // A keeper that has told its end still settles what others left, and a spare that boots ends by itself: both write.
      for (const end = Date.now() + leaveMs; processesAt(root).length > 0 && Date.now() < end; ) await pause(20);
      rmSync(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function startCli(
  [program = "", ...args]: readonly string[],
  call: { cwd: string; env: NodeJS.ProcessEnv; input: CliCall["input"] },
): RunningCli {
  const child = spawn(program, args, { cwd: call.cwd, env: call.env, stdio: "pipe" });
  const texts = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      texts[stream] += text;
      for (const watch of watchers) watch();
    });
  }
  child.stdin.on("error", () => {});
  if (call.input !== undefined) child.stdin.end(call.input);
  const ended = new Promise<CliResult>((fulfil, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      for (const watch of watchers) watch();
      fulfil({
        ...texts,
        exitCode,
        signal,
        json: () => JSON.parse(texts.stdout),
        jsonLines: () =>
          texts.stdout
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line)),
      });
    });
  });
  const seen = (wanted: string | RegExp) =>
    new Promise<string>((fulfil, reject) => {
      const find = () => {
        const all = texts.stdout + texts.stderr;
        const found = typeof wanted === "string" ? all.includes(wanted) && wanted : wanted.exec(all)?.[0];
        if (typeof found === "string") {
          watchers.delete(find);
          fulfil(found);
        } else if (child.exitCode !== null || child.signalCode !== null) {
          reject(new Error(`caisson ${args.join(" ")} ended without ${String(wanted)}:\n${all}`));
        }
      };
      watchers.add(find);
      find();
    });
  return { pid: child.pid ?? -1, stdin: child.stdin, seen, kill: (signal) => void child.kill(signal), ended };
}
