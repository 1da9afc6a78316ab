import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Terminal } from "../../host/pty/open-terminal.ts";
import type { RunningProcess } from "../../spec/engine.ts";

/** How long output may stay silent after the command ended, before what still holds its streams is not waited for. */
const quietMilliseconds = 200;

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
  const end = watchEnd(child, readers);
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

/**
 * The end comes after all output. A daemon that the command left behind may hold its streams for ever: once the command is
 * gone, silence ends that wait; a reader that pauses is waited for, and one that never came is not.
 */
function watchEnd(child: ChildProcess, streams: readonly Readable[]) {
  const open = new Set(streams);
  let exit: { exitCode: number | null; signal?: string } | undefined;
  let quiet: NodeJS.Timeout | undefined;
  const ended = new Promise<{ exitCode: number | null; signal?: string }>((resolve) => {
    const settle = () => {
      if (exit === undefined || open.size > 0) return;
      clearTimeout(quiet);
      resolve(exit);
    };
    const end = (how: { exitCode: number | null; signal?: string }) => {
      exit ??= how;
      wait();
      settle();
    };
    for (const stream of streams) {
      stream.once("close", () => {
        open.delete(stream);
        settle();
      });
    }
    child.once("exit", (exitCode, signal) => end(signal === null ? { exitCode } : { exitCode, signal }));
    child.once("error", () => end({ exitCode: null }));
  });

  function wait(): void {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const unheard = [...open].filter((stream) => stream.readableFlowing === null);
      for (const stream of unheard) stream.resume();
      if (unheard.length > 0 || [...open].some((stream) => stream.isPaused())) return wait();
      for (const stream of open) stream.destroy();
    }, quietMilliseconds);
  }

  return {
    ended,
    /** Output came: what holds the streams still has something to say. */
    heard: () => {
      if (exit !== undefined) wait();
    },
  };
}
