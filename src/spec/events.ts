import * as z from "zod";
import { Answer, Question, ThinkingLevel, TurnEnd } from "./session.ts";

const Usage = z.object({
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  cacheReadTokens: z.int().nonnegative().default(0),
  cacheWriteTokens: z.int().nonnegative().default(0),
});
/** Token counts of one model request, as the provider's own answer states them. */
export type Usage = z.output<typeof Usage>;

const event = <N extends string, S extends z.ZodRawShape>(name: N, shape: S) =>
  z.object({
    ts: z.iso.datetime(),
    seq: z.int().positive(),
    agent: z.string(),
    event: z.literal(name),
    ...shape,
  });

/** Written by the keeper; none where the CLI began a turn by itself. */
const PromptSeq = z
  .int()
  .positive()
  .optional()
  .meta({ description: "Sequence number of the prompt_received that it answers" });

/** How a run ended. `failed` = the agent's own non-zero exit; `interrupted` = its keeper or machine died. */
export const RunEnd = z.enum(["completed", "failed", "timed_out", "stopped", "killed", "interrupted", "launch_failed"]);
export type RunEnd = z.output<typeof RunEnd>;

/** One fact of a run, one JSON object a line in `events.jsonl`. Readers ignore names and fields that they do not know. */
export const RunEvent = z.discriminatedUnion("event", [
  event("sandbox_launching", {
    slug: z.string(),
    engine: z.string(),
    label: z.string().optional(),
    model_source: z.enum(["live", "recorded", "replayed"]),
  }),
  event("sandbox_launched", { slug: z.string(), launch_ms: z.number(), limits: z.record(z.string(), z.string()) }),
  event("port_opened", { url: z.string(), hostAddress: z.string(), hostPort: z.int(), port: z.int() }),
  event("run_started", {
    slug: z.string(),
    provider: z.string(),
    command: z.array(z.string()),
    model: z.string().optional(),
  }),
  event("text_produced", { text: z.string() }),
  event("thought_produced", { text: z.string() }),
  event("tool_started", { id: z.string(), tool: z.string(), input: z.unknown() }),
  event("tool_completed", { id: z.string(), ok: z.boolean(), output: z.string() }),
  event("output_produced", { stream: z.enum(["stdout", "stderr"]), text: z.string() }),
  event("usage_reported", { model: z.string(), route: z.string(), usage: Usage, costUsd: z.number().optional() }),
  event("result_reported", { ok: z.boolean(), text: z.string() }),
  event("error_reported", { message: z.string() }),
  event("conversation_opened", {
    conversation: z.string().meta({ description: "The CLI's own id of it: what a resume names" }),
    resumed: z.boolean(),
  }),
  event("prompt_received", { kind: z.enum(["prompt", "steer", "follow_up"]), text: z.string() }),
  event("prompts_dropped", {
    prompts: z.array(z.int()).meta({ description: "Those that waited: they will not be run" }),
    reason: z.string(),
  }),
  event("turn_started", { prompt: PromptSeq }),
  event("turn_completed", {
    prompt: PromptSeq,
    outcome: TurnEnd,
    text: z.string().meta({ description: "Its last words, or what failed" }),
  }),
  event("question_asked", Question.shape),
  event("question_answered", { question: z.string(), answer: Answer }),
  event("model_changed", { model: z.string() }),
  event("thinking_changed", { level: ThinkingLevel }),
  event("compaction_started", {}),
  event("compaction_completed", { ok: z.boolean() }),
  event("request_refused", {
    rule: z.string(),
    reason: z.string(),
    method: z.string(),
    host: z.string(),
    port: z.int(),
    path: z.string(),
    hint: z.string(),
  }),
  event("placeholder_sighted", {
    credential: z.string(),
    action: z.enum(["blocked", "redacted"]),
    host: z.string(),
    where: z.string(),
  }),
  event("credential_failed", {
    credential: z.string(),
    message: z.string().meta({ description: "Why it could not be renewed; the old value serves until it expires" }),
    hint: z.string(),
  }),
  event("policy_changed", { version: z.int(), added: z.array(z.string()), by: z.string() }),
  event("limit_reached", {
    limit: z.enum(["cpu", "memory", "processes", "time", "disk", "output", "idle"]),
    detail: z.string(),
  }),
  event("workspace_copying", { files: z.int(), bytes: z.int() }),
  event("workspace_copied", { files: z.int(), bytes: z.int() }),
  event("workspace_guarded", { path: z.string(), action: z.string(), detail: z.string() }),
  event("secrets_masked", {
    files: z
      .array(z.object({ path: z.string(), why: z.string() }))
      .meta({ description: "Of the workspace; never a part of a secret" }),
  }),
  event("replay_missed", { route: z.string(), model: z.string(), reason: z.string() }),
  event("gate_lost", { reason: z.string() }),
  event("sandbox_lost", { reason: z.string() }),
  event("run_completed", {
    slug: z.string(),
    end: RunEnd,
    exitCode: z.int().nullable(),
    durationMs: z.number(),
    signal: z.string().optional(),
  }),
  event("sandbox_stopped", { slug: z.string(), leftovers: z.array(z.string()) }),
]);
export type RunEvent = z.output<typeof RunEvent>;

type Draft<E> = E extends RunEvent ? Omit<E, "ts" | "seq" | "agent"> : never;
/** An event before its sink gives it time, number and agent. */
export type RunEventDraft = Draft<RunEvent>;
