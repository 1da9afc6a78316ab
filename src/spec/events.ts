import * as z from "zod";
import { eventsVersion } from "./events-version.ts";
import { Answer, Question, ThinkingLevel, TurnEnd } from "./session.ts";

const tokens = (description: string) => z.int().nonnegative().meta({ description });
const Usage = z.object({
  inputTokens: tokens("Sent, and not read from the provider's cache"),
  outputTokens: tokens("Answered, thoughts included"),
  cacheReadTokens: tokens("Sent, and read from the provider's cache").default(0),
  cacheWriteTokens: tokens("Sent, and written to the provider's cache").default(0),
});
/** Token counts of one model request, as the provider's own answer states them. */
export type Usage = z.output<typeof Usage>;

const event = <N extends string, S extends z.ZodRawShape>(name: N, told: string, shape: S) =>
  z
    .object({
      ts: z.iso.datetime().meta({ description: "When it was written" }),
      seq: z.int().positive().meta({ description: "Its number in the stream: 1, 2, 3 and so on" }),
      agent: z.string().meta({ description: "The agent's name" }),
      event: z.literal(name),
      ...shape,
    })
    .meta({ description: told });

const text = (description: string) => z.string().meta({ description });
const whole = (description: string) => z.int().meta({ description });

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
  event("sandbox_launching", "First of all, and again when a session is resumed: a sandbox is being made.", {
    version: z.literal(eventsVersion).meta({ description: "Of this vocabulary" }),
    slug: text("The sandbox's name"),
    engine: text("`local` or `docker`"),
    label: text("The name that a person gave the run").optional(),
    model_source: z
      .enum(["live", "recorded", "replayed"])
      .meta({ description: "Who answers what is asked of a model" }),
  }),
  event("sandbox_launched", "The sandbox is there, sealed, its gate open.", {
    slug: text("The sandbox's name"),
    launch_ms: z.number().meta({ description: "What that took, in milliseconds" }),
    limits: z.record(z.string(), z.string()).meta({ description: "Each limit, and what holds it" }),
  }),
  event("port_opened", "A port of the sandbox can be reached from outside.", {
    url: text("Where, for a browser"),
    hostAddress: text("The address outside"),
    hostPort: whole("The port outside"),
    port: whole("The port inside"),
  }),
  event("run_started", "The agent's CLI runs.", {
    slug: text("The sandbox's name"),
    provider: text("The CLI's adapter"),
    command: z
      .array(z.string())
      .meta({ description: "Its command line; it holds no secret. On a terminal the first prompt is in it" }),
    model: text("The model that was asked for").optional(),
  }),
  event("text_produced", "The model said something, whole.", { text: text("What") }),
  event("thought_produced", "The model thought something, whole, where its CLI tells.", { text: text("What") }),
  event("tool_started", "The model uses a tool.", {
    id: text("Names this use until its end"),
    tool: text("The CLI's name of the tool; `unknown` where the CLI told the end alone"),
    input: z.unknown().meta({ description: "What the model gave the tool" }),
  }),
  event("tool_completed", "The use of a tool is over, or is not followed any longer.", {
    id: text("Of its tool_started"),
    ok: z.boolean().meta({ description: "False also where it was cut off" }),
    output: text("What the tool answered; the first 64 Ki characters"),
  }),
  event("output_produced", "The CLI wrote something that is no message of its protocol.", {
    stream: z.enum(["stdout", "stderr"]).meta({ description: "Where" }),
    text: text("What"),
  }),
  event(
    "usage_reported",
    "A request to a model was answered; counted at the gate, so it is told for every CLI alike.",
    {
      model: text("The model that answered"),
      route: text("The route that let it pass"),
      usage: Usage,
      costUsd: z.number().meta({ description: "By the price list; not there for a model without a price" }).optional(),
    },
  ),
  event(
    "result_reported",
    "What a run with one prompt came to, in the CLI's words. A session tells turn_completed instead.",
    {
      ok: z.boolean().meta({ description: "Whether the CLI says that it did it" }),
      text: text("The last thing that the model said, or why it failed"),
      output: z
        .unknown()
        .optional()
        .meta({ description: "With an output schema: the answer as the value that fits it" }),
    },
  ),
  event("error_reported", "Something failed: for good, or until the CLI tried again.", { message: text("What") }),
  event("conversation_opened", "A session's CLI has a conversation; told once a start.", {
    conversation: text("The CLI's own id of it: what a resume names"),
    resumed: z.boolean().meta({ description: "Whether it goes on with one that was there" }),
  }),
  event("prompt_received", "Somebody said something to a session. Written before the CLI hears it.", {
    kind: z.enum(["prompt", "steer", "follow_up"]).meta({ description: "How it was said" }),
    text: text("What"),
  }),
  event("prompts_dropped", "What waited will not be run.", {
    prompts: z.array(z.int()).meta({ description: "Sequence numbers of their prompt_received" }),
    reason: text("Why"),
  }),
  event("turn_started", "A prompt is worked on.", { prompt: PromptSeq }),
  event("turn_completed", "A turn is over.", {
    prompt: PromptSeq,
    outcome: TurnEnd.meta({ description: "How; `interrupted` = the CLI, its sandbox or its keeper died in it" }),
    text: text("Its last words, or what failed"),
  }),
  event("question_asked", "The CLI waits for a person.", Question.shape),
  event("question_answered", "Nobody waits for it any longer.", {
    question: text("Of its question_asked"),
    answer: Answer.meta({ description: "`cancelled` also where the CLI took its question back" }),
  }),
  event("model_changed", "The CLI uses another model from now on.", { model: text("Which") }),
  event("thinking_changed", "The model thinks more, or less, from now on.", {
    level: ThinkingLevel.meta({ description: "How hard" }),
  }),
  event("compaction_started", "The conversation is summed up, to make room.", {}),
  event("compaction_completed", "It is summed up, or that failed.", {
    ok: z.boolean().meta({ description: "Whether there is room now" }),
  }),
  event("request_refused", "The gate let something not pass.", {
    rule: text("The rule that refused"),
    reason: text("Why"),
    method: text("The request's method"),
    host: text("Where it was to go"),
    port: whole("Where it was to go"),
    path: text("Where it was to go, without its query"),
    hint: text("What would allow it: a command to type"),
  }),
  event("placeholder_sighted", "A placeholder turned up where it does not belong.", {
    credential: text("The credential that it stands for"),
    action: z.enum(["blocked", "redacted"]).meta({ description: "What the gate did" }),
    host: text("Where it was going"),
    where: text("Which part of the request"),
  }),
  event("credential_failed", "A credential could not be renewed.", {
    credential: text("Its name"),
    message: text("Why it could not be renewed; the old value serves until it expires"),
    hint: text("What helps: a command to type"),
  }),
  event("policy_changed", "The rules changed while the sandbox lives.", {
    version: whole("Of the rules: 2, 3 and so on"),
    added: z.array(z.string()).meta({ description: "Routes that are new" }),
    by: text("Who did it"),
  }),
  event("limit_reached", "The sandbox met one of its limits.", {
    limit: z.enum(["cpu", "memory", "processes", "time", "disk", "output", "idle"]).meta({ description: "Which" }),
    detail: text("In words"),
  }),
  event("workspace_copying", "The workspace is being copied.", {
    files: whole("Files done so far"),
    bytes: whole("Bytes done so far"),
  }),
  event("workspace_copied", "The workspace is copied.", { files: whole("Files"), bytes: whole("Bytes") }),
  event("workspace_guarded", "A protected path of the workspace was to be planted, and was not.", {
    path: text("Which, within the workspace"),
    action: text("What was done about it"),
    detail: text("In words"),
  }),
  event("secrets_masked", "Files of the workspace hold secrets: the agent does not see them.", {
    files: z
      .array(z.object({ path: text("Which"), why: text("What it looks like") }))
      .meta({ description: "Of the workspace; never a part of a secret" }),
  }),
  event("replay_missed", "A replay has no answer to what the agent asked its model.", {
    route: text("The route"),
    model: text("The model that was asked"),
    reason: text("How it differs from what was recorded"),
  }),
  event("gate_lost", "The gate died: nothing leaves any more.", { reason: text("What is known of it") }),
  event("sandbox_lost", "The sandbox died.", { reason: text("What is known of it") }),
  event(
    "run_completed",
    "The run is over; what was still open is closed before. Told once a launch, also after a death.",
    {
      slug: text("The sandbox's name"),
      end: RunEnd.meta({ description: "How" }),
      exitCode: z.int().nullable().meta({ description: "Of the CLI; null where it has none" }),
      durationMs: z.number().meta({ description: "Since the launch began" }),
      signal: text("What ended the CLI").optional(),
    },
  ),
  event("sandbox_stopped", "Nothing of the sandbox is left but its record.", {
    slug: text("The sandbox's name"),
    leftovers: z.array(z.string()).meta({ description: "What could not be removed yet; it is tried again" }),
  }),
]);
export type RunEvent = z.output<typeof RunEvent>;

type Draft<E> = E extends RunEvent ? Omit<E, "ts" | "seq" | "agent"> : never;
/** An event before its sink gives it time, number and agent. */
export type RunEventDraft = Draft<RunEvent>;
