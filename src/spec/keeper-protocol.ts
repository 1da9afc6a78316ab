import * as z from "zod";
import { RunEnd, RunEvent } from "./events.ts";
import { Policy, Route } from "./policy.ts";
import { SessionCommand, ThinkingLevel } from "./session.ts";
import { Metadata } from "./state-files.ts";

// NDJSON over keeper.sock (0600). Terminal bytes are base64: a line is always one JSON object.

const ImageChoice = z.strictObject({ reference: z.string(), id: z.string() });

/** What the docker engine needs beyond what every engine does. Images are pinned by id: a name may mean another one meanwhile. */
export const DockerLaunch = z.strictObject({
  agentImage: ImageChoice,
  gateImage: ImageChoice,
  serviceImages: z.record(z.string(), ImageChoice).default({}).meta({ description: "By the name in the policy" }),
  user: z.strictObject({ uid: z.int().positive(), gid: z.int().nonnegative() }),
  runtime: z.string().optional(),
});
export type DockerLaunch = z.output<typeof DockerLaunch>;

/** What makes a run a session: its CLI is held in its two-way mode. The codec is made from it, in the keeper. */
export const SessionLaunch = z.strictObject({
  asks: z.boolean().meta({ description: "Whether the CLI asks before it uses a tool" }),
  binary: z.string(),
  signedInWith: z.array(z.string()),
  argv: z.array(z.string()).optional(),
  model: z.string().optional(),
  instructions: z.string().optional(),
  context: z.string().optional().meta({ description: "Said after the instructions, in this launch alone" }),
  thinking: ThinkingLevel.optional(),
  resume: z.string().optional().meta({ description: "The CLI's own id of the conversation to go on with" }),
  prompt: z.string().optional().meta({ description: "The first one; recorded before anything is started" }),
  owned: z.boolean().optional().meta({ description: "It ends when nobody is attached to it any more" }),
});
export type SessionLaunch = z.output<typeof SessionLaunch>;

/** What `caisson run` gives a new keeper on its standard input, one line. Credentials are named, not given: the keeper resolves them. */
export const LaunchRequest = z.strictObject({
  metadata: Metadata.omit({ keeper: true }),
  rules: z
    .string()
    .optional()
    .meta({ description: "The policy's rules as one text: the keeper writes their SHA-256 into the metadata" }),
  policy: Policy,
  provider: z.string(),
  argv: z.array(z.string()).min(1),
  input: z
    .string()
    .optional()
    .meta({ description: "Written to the main process's standard input, which is then closed" }),
  cliVersion: z.string().optional(),
  umask: z.int().min(0).max(0o777).default(0o022).meta({ description: "The person's own, for what the agent makes" }),
  stdin: z.enum(["none", "pipe"]).default("none"),
  session: SessionLaunch.optional(),
  keeps: z
    .array(z.string())
    .default([])
    .meta({ description: "Folders below the home that outlive the sandbox: the CLI's conversations" }),
  resumes: z
    .boolean()
    .default(false)
    .meta({ description: "Launches a sandbox anew that has ended: same slug, conversation, workspace, events" }),
  copied: z.boolean().default(false).meta({ description: "The copy of the workspace is there already" }),
  decode: z.boolean().default(false).meta({ description: "Whether the provider's codec turns the output into events" }),
  pty: z.strictObject({ columns: z.int(), rows: z.int(), term: z.string() }).optional(),
  workdir: z.string(),
  home: z.string(),
  toolDirs: z.array(z.string()),
  path: z.array(z.string()),
  files: z.array(z.strictObject({ path: z.string(), text: z.string(), mode: z.int() })),
  docker: DockerLaunch.optional().meta({ description: "With the docker engine" }),
  outputSchema: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: "JSON Schema that the answer has to fit; a run whose answer does not ends with exit code 8" }),
  record: z.string().optional().meta({ description: "File that the model traffic is recorded to" }),
  replay: z.string().optional().meta({ description: "File that the model is answered from" }),
});
export type LaunchRequest = z.output<typeof LaunchRequest>;

export const ToKeeper = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("attach"),
    fromSeq: z.int().default(0),
    input: z.boolean().default(false).meta({ description: "Also take the main process's terminal or input" }),
  }),
  z.strictObject({
    type: z.literal("exec"),
    id: z.string(),
    argv: z.array(z.string()).min(1),
    workdir: z.string().optional(),
    environment: z.record(z.string(), z.string()).default({}),
    pty: z.strictObject({ columns: z.int(), rows: z.int(), term: z.string() }).optional(),
  }),
  z.strictObject({ type: z.literal("input"), id: z.string(), data: z.base64() }),
  z.strictObject({ type: z.literal("input_end"), id: z.string() }),
  z.strictObject({
    type: z.literal("resize"),
    id: z.string(),
    columns: z.int().min(1).max(4096),
    rows: z.int().min(1).max(4096),
  }),
  z.strictObject({
    type: z.literal("signal"),
    id: z.string(),
    signal: z.enum(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL"]),
  }),
  z.strictObject({ type: z.literal("allow"), id: z.string(), route: Route }),
  z.strictObject({ type: z.literal("stop"), id: z.string(), end: z.enum(["stopped", "killed"]).default("stopped") }),
  z.strictObject({ type: z.literal("status"), id: z.string() }),
  z.strictObject({ type: z.literal("command"), id: z.string(), command: SessionCommand }),
]);
export type ToKeeper = z.output<typeof ToKeeper>;

export const FromKeeper = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("event"), event: RunEvent }),
  z.strictObject({ type: z.literal("output"), id: z.string(), stream: z.enum(["stdout", "stderr"]), data: z.base64() }),
  z
    .strictObject({ type: z.literal("taken"), id: z.string(), bytes: z.int() })
    .meta({ description: "So much input was taken: a client has at most 1 MiB untaken" }),
  z.strictObject({ type: z.literal("started"), id: z.string() }),
  z.strictObject({
    type: z.literal("exited"),
    id: z.string(),
    exitCode: z.int().nullable(),
    signal: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("ended"),
    end: RunEnd,
    exitCode: z.int().nullable(),
    leftovers: z.array(z.string()),
  }),
  z
    .strictObject({
      type: z.literal("accepted"),
      id: z.string(),
      prompt: z.int().optional().meta({ description: "The prompt whose turn answers it, as events number it" }),
    })
    .meta({ description: "A session's command was passed on; what comes of it is told as events" }),
  z
    .strictObject({ type: z.literal("streamed"), kind: z.enum(["text", "thought"]), text: z.string() })
    .meta({ description: "A piece of what a session's model says right now; the whole follows as an event" }),
  z.strictObject({ type: z.literal("allowed"), id: z.string(), version: z.int() }),
  z.strictObject({
    type: z.literal("status"),
    id: z.string(),
    phase: z.enum(["launching", "running", "stopping"]),
    processes: z.int(),
    terminal: z.boolean().meta({ description: "Whether the main process has a terminal of its own" }),
    decoded: z.boolean().meta({ description: "Whether its output is told as events" }),
    session: z.boolean().default(false).meta({ description: "Whether it takes commands" }),
    policyVersion: z.int(),
  }),
  z.strictObject({
    type: z.literal("failed"),
    id: z.string().optional(),
    code: z.string(),
    message: z.string(),
    hint: z.string(),
    exit: z.int(),
  }),
]);
export type FromKeeper = z.output<typeof FromKeeper>;
