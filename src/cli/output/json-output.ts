import type { Failure } from "../../base/failure.ts";
import type { Output } from "./output.ts";
import type { Sink } from "./sink.ts";
import { plainStyle } from "./style.ts";

/** Speaks to a program: JSON lines on standard output and nothing else anywhere. */
export function createJsonOutput(stdout: Sink): Output {
  const print = (value: object) => stdout.write(`${printable(JSON.stringify(value))}\n`);
  // A character may come in pieces.
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const printText = (stream: string, text: string) => {
    if (text !== "") print({ stream, text });
  };
  return {
    json: true,
    style: plainStyle,
    isTerminal: stdout.isTerminal,
    show: (value) => print(value),
    note: () => {},
    pass: (stream, bytes) => printText(stream, decoders[stream].decode(bytes, { stream: true })),
    raw: (bytes) => print({ stream: "stdout", base64: Buffer.from(bytes).toString("base64") }),
    fail: (failure) => print({ error: describe(failure) }),
    bug: (error, logFile) =>
      print({ error: { code: "bug", message: String(error), hint: "", ...(logFile && { logFile }) } }),
    finish: () => {
      for (const stream of ["stdout", "stderr"] as const) printText(stream, decoders[stream].decode());
      return stdout.flushed();
    },
  };
}

// JSON escapes the controls below 0x20 only; the others move terminals and turn text, too.
function printable(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function describe(failure: Failure): object {
  const { code, message, hint, exit, data } = failure;
  return { code, message, hint, exit, data };
}
