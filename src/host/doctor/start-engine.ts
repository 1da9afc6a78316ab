import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { connectDocker } from "../docker/connect-docker.ts";
import { runProbe } from "./run-probe.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Starts the engine and waits until it answers; gives what went wrong, or undefined. */
export async function startEngine(
  { kind, argv }: { readonly kind: "command" | "daemon"; readonly argv: readonly string[] },
  { environment, logFile }: { readonly environment: Environment; readonly logFile: string },
): Promise<string | undefined> {
  if (kind === "command") {
    const { exitCode, stderr } = await runProbe(argv, { seconds: 60 });
    if (exitCode !== 0) return stderr.trim() || `${argv.join(" ")} ended with ${exitCode}`;
  } else {
    startDaemon(argv, logFile);
  }
  const docker = await connectDocker(environment);
  for (let tries = 0; tries < 100; tries++) {
    const answers = await docker.ping().then(
      () => true,
      () => false,
    );
    if (answers) return undefined;
    await pause(200);
  }
  return `it did not answer within 20 s${kind === "daemon" ? ` (see ${logFile})` : ""}`;
}

function startDaemon(argv: readonly string[], logFile: string): void {
  const log = openSync(logFile, "a", 0o600);
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { detached: true, stdio: ["ignore", log, log], cwd: "/" });
  child.on("error", () => undefined);
  child.unref();
}
