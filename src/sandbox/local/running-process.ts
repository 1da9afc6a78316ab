import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Terminal } from "../../host/pty/open-terminal.ts";
import type { RunningProcess } from "../../spec/engine.ts";
import { type ProcessEnd, watchEnd } from "../watch-end.ts";

const endOfTyping = Uint8Array.of(4);

/** Input and output of a command: three pipes, or one terminal. */
interface CommandStreams {
  write(bytes: Uint8Array, taken?: () => void): void;
  closeInput(): void;
  resize(columns: number, rows: number): void;
  readonly outputs: readonly (readonly ["stdout" | "stderr", Readable])[];
}

/** A command on pipes. */
export function pipedStreams({
  stdin,
  stdout,
  stderr,
}: {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}): CommandStreams {
  return {
    write: (bytes, taken) => {
      if (stdin.writable) stdin.write(bytes, () => taken?.());
      else taken?.();
    },
    closeInput: () => void stdin.end(),
    resize: () => {},
    outputs: [
      ["stdout", stdout],
      ["stderr", stderr],
    ],
  };
}

/** A command in a terminal: one stream of output, and an end of input that is typed. */
export const terminalStreams = (terminal: Terminal): CommandStreams => ({
  write: (bytes, taken) => {
    terminal.write(bytes);
    taken?.();
  },
  closeInput: () => terminal.write(endOfTyping),
  resize: terminal.resize,
  outputs: [["stdout", terminal.output]],
});

/** A started child as a `RunningProcess`. `signal` reaches the command itself. */
export function runningProcess(
  child: ChildProcess,
  streams: CommandStreams,
  signal: (name: NodeJS.Signals) => void,
): RunningProcess {
  const readers = streams.outputs.map(([, stream]) => stream);
  const end = watchEnd(exitOf(child), readers);
  return {
    write: streams.write,
    closeInput: streams.closeInput,
    resize: streams.resize,
    kill: signal,
    onOutput: (listener) => {
      for (const [name, stream] of streams.outputs) {
        stream.on("data", (bytes: Buffer) => {
          end.heard();
          listener(name, bytes);
        });
      }
    },
    pause: () => readers.forEach((stream) => void stream.pause()),
    resume: () => readers.forEach((stream) => void stream.resume()),
    ended: end.ended.finally(streams.closeInput),
  };
}

const exitOf = (child: ChildProcess) =>
  new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (exitCode, signal) => resolve(signal === null ? { exitCode } : { exitCode, signal }));
    child.once("error", () => resolve({ exitCode: null }));
  });
