import { cleanExceptColours, cleanText } from "./clean-text.ts";
import type { Output } from "./output.ts";
import type { Sink } from "./sink.ts";
import { colourStyle, plainStyle } from "./style.ts";
import { createTerminalCleaner } from "./terminal-cleaner.ts";

/** Speaks to a person: the answer on standard output, the rest on standard error. */
export function createTextOutput(stdout: Sink, stderr: Sink, options: { readonly colours: boolean }): Output {
  const sinks = { stdout, stderr };
  const cleaners = { stdout: createTerminalCleaner(), stderr: createTerminalCleaner() };
  // Our own texts hold what agents and hosts said: cleaned also into a file, which somebody will `cat`.
  const clean = options.colours ? cleanExceptColours : cleanText;
  const line = (sink: Sink, text: string) => sink.write(`${clean(text)}\n`);
  return {
    json: false,
    style: options.colours ? colourStyle : plainStyle,
    isTerminal: stdout.isTerminal,
    show: (_value, text) => {
      for (const part of text()) line(stdout, part);
    },
    note: (text) => line(stderr, text),
    pass: (stream, bytes) => {
      const sink = sinks[stream];
      sink.write(sink.isTerminal ? cleaners[stream].clean(bytes) : bytes);
    },
    raw: (bytes) => stdout.write(bytes),
    fail: (failure) => {
      line(stderr, failure.message);
      if (failure.hint !== "") line(stderr, `hint: ${failure.hint}`);
    },
    bug: (error, logFile) => {
      line(stderr, `bug in Caisson: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (logFile !== undefined) line(stderr, `written to ${logFile}`);
    },
    finish: async () => {
      for (const stream of ["stdout", "stderr"] as const) {
        const rest = cleaners[stream].end();
        if (rest !== "") sinks[stream].write(rest);
        await sinks[stream].flushed();
      }
    },
  };
}
