import { constants } from "node:os";
import { runFailure } from "../../run/errors.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { askStatus } from "./ask-status.ts";
import { keeperFailure } from "./keeper-failure.ts";
import { reachSandbox } from "./reach-sandbox.ts";
import { type StreamEnd, streamProcess } from "./stream-process.ts";
import { waitUntilRunning } from "./wait-until-running.ts";

/** What to run beside the agent. */
export interface ExecInside {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workdir?: string;
  /** Whether it gets a terminal of its own when we have one. */
  readonly wantsTerminal: boolean;
}

const id = "exec";

/** Runs a command in a running sandbox with our streams; returns its exit code. */
export async function execInside(context: CommandContext, name: string, request: ExecInside): Promise<number> {
  const { metadata, client } = await reachSandbox(context.folders.state, name);
  using connection = client;
  if ((await askStatus(connection))?.phase === "launching") await waitUntilRunning(connection, metadata.slug);
  const size = context.terminalSize();
  const terminal = request.wantsTerminal && size !== undefined && context.input.isTerminal && !context.output.json;
  const failed = connection.next(
    (m): m is Extract<FromKeeper, { type: "failed" }> => m.type === "failed" && m.id === id,
  );
  const started = connection.next(
    (m): m is Extract<FromKeeper, { type: "started" }> => m.type === "started" && m.id === id,
  );
  using _interrupts = context.onInterrupt((count) =>
    connection.send({ type: "signal", id, signal: count > 1 ? "SIGKILL" : "SIGINT" }),
  );
  connection.send({
    type: "exec",
    id,
    argv: [...request.argv],
    environment: request.environment,
    ...(request.workdir !== undefined && { workdir: request.workdir }),
    ...(terminal && { pty: { ...size, term: context.environment.TERM ?? "xterm-256color" } }),
  });
  const end = await Promise.race([
    streamProcess(context, connection, { id, terminal, input: true, output: true, ready: started }),
    failed.then((said): StreamEnd => {
      if (said === undefined) return "lost";
      throw keeperFailure(said, metadata.slug);
    }),
  ]);
  if (end === "detached") return 0;
  if (end === "lost") throw runFailure("sandbox_ended", { slug: metadata.slug });
  const exitCode = end.exitCode ?? 128 + signalNumber(end.signal);
  // In text, the command's own output is all there is to say.
  context.output.show({ slug: metadata.slug, exitCode, ...(end.signal && { signal: end.signal }) }, () => []);
  return exitCode;
}

function signalNumber(signal: string | undefined): number {
  return Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? constants.signals.SIGKILL;
}
