import { spawn } from "node:child_process";
import { Failure } from "../base/failure.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { runFailure } from "./errors.ts";

/** A keeper that was spawned and has not been told yet what to run: it boots while its caller still decides. */
export interface SpawnedKeeper {
  /** Hands over the request; resolves when the keeper's socket answers. Throws `slug_taken`, `keeper_died`. */
  launch(request: LaunchRequest): Promise<void>;
  /** Ends a keeper that got no request; does nothing to one that did. */
  abandon(): void;
}

/** Starts a detached keeper: it outlives this process and its terminal. */
export function spawnKeeper(
  entry: { command: string; args: readonly string[] },
  environment: Readonly<Record<string, string | undefined>>,
): SpawnedKeeper {
  const child = spawn(entry.command, entry.args, {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: environment,
    cwd: "/",
  });
  let isTold = false;
  let stdout = "";
  let stderr = "";
  let settle: ((line: string | undefined) => void) | undefined;
  const answer = new Promise<string | undefined>((resolve) => {
    settle = resolve;
  });
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
    if (stdout.includes("\n")) settle?.(stdout.slice(0, stdout.indexOf("\n")));
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr = (stderr + bytes.toString()).slice(-4000);
  });
  child.stdin.on("error", () => {}); // Seen as `exit`.
  child.once("error", (error) => {
    stderr = error.message;
    settle?.(undefined);
  });
  child.once("close", () => settle?.(undefined));

  return {
    async launch(request) {
      isTold = true;
      child.stdin.end(`${JSON.stringify(request)}\n`);
      const line = await answer;
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      if (line === "listening") return;
      if (line?.startsWith("{")) throw failureOf(line);
      if (line === "slug_taken") throw runFailure("slug_taken", { slug: request.metadata.slug });
      throw runFailure("keeper_died", { detail: stderr.trim() });
    },
    abandon: () => {
      if (!isTold) child.kill("SIGKILL");
    },
  };
}

/** An expected failure that the keeper told in its first and only line. */
function failureOf(line: string): Failure {
  const { code, message, hint, status, exit } = JSON.parse(line) as Failure;
  return new Failure(code, { message, hint, status, exit }, {});
}
