import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import type { Terminal } from "../../host/pty/open-terminal.ts";
import type { RunningProcess } from "../../spec/engine.ts";

/** How long output may stay silent after the command ended, before what still holds its streams is not waited for. */
const quietMilliseconds = 200;

const endOfTyping = Uint8Array.of(4);

/** A started child as a `RunningProcess`: on three pipes, or in a terminal. `signal` reaches the command itself. */
export function runningProcess(
  child: ChildProcess,
  signal: (name: NodeJS.Signals) => void,
  terminal?: Terminal,
): RunningProcess {
  const { stdin } = child;
  const outputs: readonly (readonly ["stdout" | "stderr", Readable | null])[] = terminal
    ? [["stdout", terminal.output]]
    : [
        ["stdout", child.stdout],
        ["stderr", child.stderr],
      ];
  const streams = outputs.flatMap(([, stream]) => (stream ? [stream] : []));
  stdin?.on("error", () => {}); // The command closed its input: what is written after that has no reader.
  return {
    write: (bytes) => {
      if (terminal) terminal.write(bytes);
      else if (stdin?.writable) stdin.write(bytes);
    },
    closeInput: () => {
      if (terminal) terminal.write(endOfTyping);
      else stdin?.end();
    },
    resize: (columns, rows) => terminal?.resize(columns, rows),
    kill: signal,
    onOutput: (listener) => {
      for (const [name, stream] of outputs) stream?.on("data", (bytes: Buffer) => listener(name, bytes));
    },
    pause: () => streams.forEach((stream) => void stream.pause()),
    resume: () => streams.forEach((stream) => void stream.resume()),
    ended: whenEnded(child, streams),
  };
}

/**
 * The end comes after all output. A daemon that the command left behind may hold its streams for ever: once the command is
 * gone, silence ends that wait; a reader that pauses is waited for.
 */
function whenEnded(child: ChildProcess, streams: readonly Readable[]): RunningProcess["ended"] {
  return new Promise((resolve) => {
    const open = new Set(streams);
    let exit: { exitCode: number | null; signal?: string } | undefined;
    let quiet: NodeJS.Timeout | undefined;
    const settle = () => {
      if (exit === undefined || open.size > 0) return;
      clearTimeout(quiet);
      resolve(exit);
    };
    const wait = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        if ([...open].some((stream) => stream.isPaused())) return wait();
        for (const stream of open) stream.destroy();
      }, quietMilliseconds);
    };
    for (const stream of streams) {
      stream.once("close", () => {
        open.delete(stream);
        settle();
      });
    }
    const end = (how: { exitCode: number | null; signal?: string }) => {
      exit ??= how;
      for (const stream of open) stream.on("data", wait);
      wait();
      settle();
    };
    child.once("exit", (exitCode, signal) => end(signal === null ? { exitCode } : { exitCode, signal }));
    child.once("error", () => end({ exitCode: null }));
  });
}
