import { existsSync } from "node:fs";
import type { KeeperClient } from "../../run/keeper-client.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import type { RunEnd } from "../../spec/events.ts";
import type { FromKeeper, LaunchRequest } from "../../spec/keeper-protocol.ts";
import { mainProcess } from "../../spec/main-process.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { exitOfRun } from "../frame/exit-codes.ts";
import { createRunView, type RunTotals } from "./run-view.ts";
import { streamProcess } from "./stream-process.ts";

/** Which of a request matters for following it; `attach` knows no more. */
export type Followed = Pick<LaunchRequest, "pty" | "stdin" | "decode"> & {
  readonly metadata: Pick<LaunchRequest["metadata"], "slug" | "modelSource" | "workspace" | "resumable">;
  /** Whether we started it: then our Ctrl-C ends it; else it only ends our looking. */
  readonly isOurs: boolean;
};

/**
 * Follows a run to its end: its events or bytes out, our input in; Ctrl-C stops it cleanly, a second one kills it.
 * Returns the exit code. A keeper that is gone before it said how it ended is looked up on disk.
 */
export async function followRun(
  context: CommandContext,
  client: KeeperClient | undefined,
  run: Followed,
): Promise<number> {
  const { output, folders } = context;
  const { slug } = run.metadata;
  const view = createRunView(output, slug);
  const terminal = run.pty !== undefined && context.input.isTerminal && output.isTerminal;
  if (!client) return tellEnd(context, run, await endOnDisk(folders.state, slug), view.totals);

  let failure: Extract<FromKeeper, { type: "failed" }> | undefined;
  let started = !terminal;
  client.onMessage((message) => {
    if (message.type === "failed" && message.id === undefined) failure = message;
    if (message.type !== "event") return;
    if (message.event.event === "run_started") started = true;
    // Once the terminal is the agent's, lines of ours would tear its screen: they come when it is ours again.
    if (!terminal || !started || message.event.event === "run_completed") view.show(message.event);
  });
  const ended = client.next((m): m is Extract<FromKeeper, { type: "ended" }> => m.type === "ended");
  const left = Promise.withResolvers<undefined>();
  using _interrupts = context.onInterrupt((count, cause) => {
    if (!run.isOurs) {
      left.resolve(undefined);
      return;
    }
    if (cause === "EPIPE") return;
    client.send({ type: "stop", id: "interrupt", end: count > 1 ? "killed" : "stopped" });
    if (count === 1) output.note("  stopping   (Ctrl-C again kills it)");
  });
  client.send({ type: "attach", fromSeq: 0, input: !run.decode });
  const streamed = streamProcess(context, client, {
    id: mainProcess,
    terminal,
    input: terminal || run.stdin === "pipe",
    output: !run.decode,
  });
  const first = await Promise.race([
    streamed.then((end) => (end === "detached" ? end : undefined)),
    ended.then(() => undefined),
    left.promise.then(() => "detached" as const),
  ]);
  if (first === "detached") {
    output.note(`  detached   caisson attach ${slug} · caisson stop ${slug}`);
    return 0;
  }
  const message = await ended;
  const end = message ?? (await endOnDisk(folders.state, slug));
  // Without a word of the end it is what the keeper died of.
  if (failure && (end.end === "launch_failed" || message === undefined)) {
    const { Failure } = await import("../../base/failure.ts");
    const { code, message: said, hint, exit } = failure;
    throw new Failure(code, { message: said, hint, status: 500, exit }, { slug });
  }
  return tellEnd(context, run, end, view.totals);
}

/** How a run ended, as far as it is known. */
export interface Ended {
  readonly end: RunEnd;
  readonly exitCode: number | null;
  readonly leftovers: readonly string[];
}

/** Loaded only where a keeper died: reading its metadata brings the schemas, which a start must not wait for. */
export async function endOnDisk(stateRoot: string, slug: string): Promise<Ended> {
  const { inspectSandbox } = await import("../../run/list-sandboxes.ts");
  const { end = "interrupted", exitCode = null } = inspectSandbox(stateRoot, slug)?.metadata ?? {};
  const isOpen = existsSync(statePaths(stateRoot, slug).open);
  return { end, exitCode, leftovers: isOpen ? ["what its keeper, which has died, had made"] : [] };
}

/** Says how it ended and what is to be seen; returns the exit code. */
export function tellEnd(
  context: CommandContext,
  run: Pick<Followed, "metadata">,
  ended: Ended,
  totals: RunTotals,
): number {
  const { output } = context;
  const { style } = output;
  const { slug, modelSource, workspace, resumable } = run.metadata;
  const facts = [
    totals.requests > 0 ? `${totals.requests} requests to the model` : undefined,
    modelSource === "replayed" ? "replayed: no model was asked" : undefined,
    totals.tokens > 0 ? `${totals.tokens.toLocaleString("en")} tokens` : undefined,
    totals.costUsd !== undefined && modelSource !== "replayed" ? costText(totals.costUsd) : undefined,
    totals.refused > 0 ? `${totals.refused} refused` : undefined,
    totals.seconds > 0 ? `${totals.seconds.toFixed(totals.seconds < 10 ? 1 : 0)} s` : undefined,
  ].filter((fact) => fact !== undefined);
  const head = ended.end === "completed" ? style.good("✓ done") : style.bad(`✗ ${endText(ended)}`);
  output.note(`  ${head}     ${facts.join(" · ")}`);
  const changes = {
    mount: ["git diff"],
    copy: [`caisson diff ${slug}`, `caisson apply ${slug}`],
    none: [],
  }[workspace.mode];
  const see = [
    `caisson audit ${slug}`,
    `caisson logs ${slug}`,
    ...(totals.lacked > 1 ? [`caisson policy learn ${slug}`] : []),
  ];
  const lines = workspace.mode === "copy" ? [...changes, ...see] : [...see, ...changes];
  output.note(style.dim(`  see        ${lines.join(" · ")}`));
  if (resumable) output.note(style.dim(`  go on      caisson resume ${slug} "…"`));
  for (const left of ended.leftovers) output.note(`  ${style.bad("left")}       ${left}   (caisson cleanup)`);
  return exitOfRun(ended.end, ended.exitCode);
}

const costText = (usd: number): string => (usd > 0 && usd < 0.01 ? "under $0.01" : `$${usd.toFixed(2)}`);

function endText({ end, exitCode }: Ended): string {
  switch (end) {
    case "failed":
      return exitCode === null ? "ended without an exit code" : `failed (exit ${exitCode})`;
    case "timed_out":
      return "time is up";
    case "launch_failed":
      return "could not be started";
    default:
      return end;
  }
}
