import { spawn } from "node:child_process";

/** What a short program said. `exitCode` is null when it was not there, was killed, or took too long. */
export interface ProbeResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const keptBytes = 64 * 1024;

/** Runs a short program without input; never rejects, and ends it when it takes longer than `seconds`. */
export function runProbe(argv: readonly string[], options: { readonly seconds: number }): Promise<ProbeResult> {
  const [file = "", ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.seconds * 1000,
      killSignal: "SIGKILL",
    });
    const texts = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].on("data", (bytes: Buffer) => {
        texts[stream] = (texts[stream] + bytes.toString()).slice(0, keptBytes);
      });
    }
    child.on("error", (error) => resolve({ exitCode: null, stdout: "", stderr: error.message }));
    child.on("close", (exitCode) => resolve({ exitCode, ...texts }));
  });
}
