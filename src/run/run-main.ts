import type { Decoder } from "../provider/provider.ts";
import type { Journal, RunningProcess, Sandbox } from "../spec/engine.ts";
import type { RunEventDraft } from "../spec/events.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { EventLog } from "./event-log.ts";
import type { AnswerJudge } from "./judge-answer.ts";
import { misfitExit } from "./misfit-exit.ts";

/** How a run's command ended. */
export interface MainEnd {
  readonly exitCode: number | null;
  readonly signal?: string;
}

/** Runs the run's command: output to `output` and, decoded, to the events. Ends with it, or when `signal` says so. */
export async function runMain(
  sandbox: Pick<Sandbox, "exec">,
  run: {
    readonly request: LaunchRequest;
    readonly journal: Journal;
    readonly events: EventLog;
    readonly decoder: Decoder | undefined;
    readonly signal: AbortSignal;
    readonly started: (process: RunningProcess) => void;
    readonly output: (stream: "stdout" | "stderr", bytes: Buffer) => void;
  },
): Promise<MainEnd> {
  const { request, journal, events, decoder, signal } = run;
  const { argv, workdir, pty, metadata } = request;
  journal.intent("agent_started", { argv });
  const judging = createJudge(request);
  const child = await sandbox.exec({ argv, workdir, ...(pty && { pty }) });
  const judge = await judging;
  journal.result("agent_started");
  const { slug, model } = metadata;
  events.append({
    event: "run_started",
    slug,
    provider: request.provider,
    command: argv,
    ...(model !== undefined && { model }),
  });
  let hasFailed = false;
  const emit = (drafts: readonly RunEventDraft[]) => {
    for (const draft of drafts.flatMap((d) => judge?.take(d) ?? [d])) {
      if (draft.event === "result_reported") hasFailed = !draft.ok;
      events.append(draft);
    }
  };
  child.onOutput((stream, bytes) => {
    const copy = Buffer.from(bytes);
    if (decoder && stream === "stdout") emit(decoder.decode(copy));
    if (stream === "stdout") judge?.write(copy);
    run.output(stream, copy);
  });
  run.started(child);
  if (request.input !== undefined && !pty) child.write(Buffer.from(request.input));
  if (request.stdin === "none" && !pty) child.closeInput();
  const over = new Promise<MainEnd>((resolve) => {
    signal.addEventListener("abort", () => resolve({ exitCode: null }), { once: true });
    // A stop that came while the command was being started has told its listeners already.
    if (signal.aborted) resolve({ exitCode: null });
  });
  const ended = await Promise.race([child.ended, over]);
  if (decoder) emit(decoder.end());
  for (const draft of judge?.end(!hasFailed && ended.exitCode === 0) ?? []) events.append(draft);
  if (judge?.isMisfit && ended.exitCode === 0) return { ...ended, exitCode: misfitExit };
  // Some CLIs exit with 0 although they report that the work failed.
  return hasFailed && ended.exitCode === 0 ? { ...ended, exitCode: 1 } : ended;
}

/** Loaded only where there is a schema: its library is nothing that a start should wait for. */
async function createJudge({ outputSchema, provider }: LaunchRequest): Promise<AnswerJudge | undefined> {
  if (outputSchema === undefined) return undefined;
  const { createAnswerJudge } = await import("./judge-answer.ts");
  return createAnswerJudge(outputSchema, provider === "command");
}
