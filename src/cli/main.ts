import { appendFileSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "../base/failure.ts";
import { version } from "../base/version.ts";
import { adoptKeeper } from "../run/start-keeper.ts";
import type { CommandContext, Input } from "./frame/command-context.ts";
import { bugExit } from "./frame/exit-codes.ts";
import { createInterrupts } from "./frame/interrupts.ts";
import { userFolders } from "./frame/user-folders.ts";
import { createJsonOutput } from "./output/json-output.ts";
import type { Output } from "./output/output.ts";
import type { Sink } from "./output/sink.ts";
import { createTextOutput } from "./output/text-output.ts";
import { runCommandLine } from "./run-command-line.ts";

const words = process.argv.slice(2);
const { environment, folders, earlyKeeper } = readEnvironment();
const output = createOutput();
const interrupts = createInterrupts(process, (code) => process.exit(code));

void start();

async function start(): Promise<void> {
  process.exitCode = await main();
  await output.finish();
  // Sockets that a command left open must not keep a person waiting.
  process.exit();
}

async function main(): Promise<number> {
  try {
    return await runCommandLine(createContext(await currentFolder()), words, version);
  } catch (error) {
    return report(error);
  } finally {
    earlyKeeper?.abandon();
  }
}

/** The one funnel: an expected failure is told, anything else is a bug. */
function report(error: unknown): number {
  if (error instanceof Failure) {
    output.fail(error);
    return error.exit;
  }
  output.bug(error, writeBug(error));
  return bugExit;
}

function writeBug(error: unknown): string | undefined {
  const file = join(folders.state, "bug.log");
  const stack = error instanceof Error ? error.stack : String(error);
  // Only the command's name: its arguments may hold what a log must not.
  const head = `${new Date().toISOString()} caisson ${version} node ${process.version} ${words[0] ?? ""}`;
  try {
    mkdirSync(folders.state, { recursive: true, mode: 0o700 });
    appendFileSync(file, `${head}\n${stack}\n`, { mode: 0o600 });
    return file;
  } catch {
    // The stack is printed anyway.
    return undefined;
  }
}

async function currentFolder(): Promise<string> {
  try {
    return process.cwd();
  } catch {
    const { cliFailure } = await import("./errors.ts");
    throw cliFailure("folder_gone", undefined);
  }
}

function createContext(cwd: string): CommandContext {
  return {
    environment,
    cwd,
    folders,
    input: createInput(),
    output,
    earlyKeeper,
    terminalSize: () =>
      // One that nobody gave a size says 0x0: it gets the usual one.
      process.stdout.isTTY ? { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 } : undefined,
    onResize: (listener) => {
      process.stdout.on("resize", listener);
      return { [Symbol.dispose]: () => process.stdout.off("resize", listener) };
    },
    onInterrupt: interrupts.listen,
  };
}

// Read when asked for: opening standard input costs time, and a pipe opened is a pipe that keeps the process up.
function createInput(): Input {
  return {
    get isTerminal() {
      return process.stdin.isTTY === true;
    },
    get stream() {
      return process.stdin;
    },
  };
}

function createOutput(): Output {
  const options = words.slice(0, words.includes("--") ? words.indexOf("--") : undefined);
  const stdout = createSink(process.stdout);
  if (options.includes("--json")) return createJsonOutput(stdout);
  const colours = stdout.isTerminal && !environment.NO_COLOR && environment.TERM !== "dumb";
  return createTextOutput(stdout, createSink(process.stderr), { colours });
}

function createSink(stream: NodeJS.WriteStream): Sink {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    interrupts.pipeClosed();
  });
  return {
    isTerminal: stream.isTTY === true,
    write: (bytes) => {
      if (!stream.destroyed) stream.write(bytes);
    },
    flushed: () =>
      new Promise((resolve) => {
        if (stream.destroyed) resolve();
        else stream.write("", () => resolve());
      }),
  };
}

function readEnvironment() {
  // The launcher's word to us and to nobody else.
  const { CAISSON_EARLY_KEEPER: early, ...values } = process.env;
  delete process.env.CAISSON_EARLY_KEEPER;
  return {
    environment: values,
    folders: userFolders(values, homedir()),
    earlyKeeper: early === undefined ? undefined : adoptKeeper(),
  };
}
