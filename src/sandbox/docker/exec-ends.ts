import type { Duplex } from "node:stream";
import type { EngineApi } from "../../host/docker/engine-api.ts";
import type { ProcessEnd } from "../watch-end.ts";

/** How the commands of one container ended, as the engine tells it. */
export interface ExecEnds {
  /** Resolves with the exit code when the engine tells the command's end; may never resolve. */
  of(exec: string): Promise<number>;
  /** Resolves when the container does not run any more. */
  readonly over: Promise<unknown>;
}

/** Commands whose end nobody has asked for yet; the oldest are forgotten, and asked for otherwise. */
const mostKept = 1000;

/** Collects ends from the engine's events, which may come before anybody asks. */
export function collectExecEnds(over: Promise<unknown>) {
  const ends = new Map<string, PromiseWithResolvers<number>>();
  const entry = (exec: string) => {
    const known = ends.get(exec) ?? Promise.withResolvers<number>();
    ends.set(exec, known);
    const [oldest] = ends.keys();
    if (ends.size > mostKept && oldest !== undefined) ends.delete(oldest);
    return known;
  };
  return {
    of: (exec: string) => entry(exec).promise,
    over,
    tell: (exec: string, exitCode: number) => entry(exec).resolve(exitCode),
  };
}

const shortestPause = 5;
const longestPause = 1000;

/**
 * How a command ended: by the engine's event, or by its answer once the streams are closed. A command may close its
 * streams and go on. Never rejects: a container that is gone took the command with it.
 */
export async function exitOfExec(api: EngineApi, ends: ExecEnds, exec: string, stream: Duplex): Promise<ProcessEnd> {
  const closed = new Promise<void>((resolve) => {
    if (stream.closed) resolve();
    stream.once("close", resolve);
  });
  const told = ends.of(exec).then((exitCode): ProcessEnd => ({ exitCode }));
  const asked = Promise.race([closed, ends.over]).then(() => askForEnd(api, ends, exec));
  return Promise.race([told, asked]);
}

async function askForEnd(api: EngineApi, ends: ExecEnds, exec: string): Promise<ProcessEnd> {
  let isOver = false;
  void ends.over.then(() => {
    isOver = true;
  });
  for (let pause = shortestPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      const { isRunning, exitCode } = await api.inspectExec(exec);
      if (!isRunning && exitCode !== null) return { exitCode };
    } catch {
      return { exitCode: null, signal: "SIGKILL" };
    }
    if (isOver) return { exitCode: null, signal: "SIGKILL" };
    await Promise.race([new Promise((resolve) => setTimeout(resolve, pause)), ends.over]);
  }
}
