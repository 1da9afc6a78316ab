import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Provider } from "../provider/provider.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { RunEvent } from "../spec/events.ts";
import { LaunchRequest, type SessionLaunch } from "../spec/keeper-protocol.ts";
import { Policy } from "../spec/policy.ts";
import { runFailure } from "./errors.ts";
import { openPrompts } from "./interrupted-session.ts";
import { sessionRequest } from "./session-request.ts";

/** Files of a kept conversation that are looked at, and how deep. */
const bounds = { files: 20_000, depth: 8 } as const;
/** How much of earlier prompts a new conversation is told. */
const toldCharacters = 20_000;

/** What resuming looks at. */
export interface ResumeFacts {
  readonly paths: ReturnType<typeof statePaths>;
  readonly provider: Provider;
  readonly events: readonly RunEvent[];
  readonly prompt?: string | undefined;
  readonly asks?: boolean | undefined;
  /** The person's terminal, where the CLI's own screen is to go on. */
  readonly pty?: LaunchRequest["pty"];
  readonly now: Date;
  /** 32 hexadecimal digits, new at each call. */
  unique(): string;
  /** Whether the copy of the workspace is whole. */
  readonly copied: boolean;
}

/** How a resume goes on. */
export interface ResumePlan {
  readonly request: LaunchRequest;
  /** The CLI's id of the conversation; undefined: a new one begins, which is told what was said before. */
  readonly conversation: string | undefined;
  /** What the person said in the turn that was interrupted last; it is not run again. */
  readonly interrupted: string | undefined;
}

/** Plans the next launch of a sandbox that has ended: the same in all but CA, placeholders, credentials and journal. */
export function planResume(facts: ResumeFacts): ResumePlan {
  const { paths, provider, events } = facts;
  const before = readLaunch(paths);
  const { slug } = before.metadata;
  const { session } = provider;
  if (!session?.abilities.resume)
    throw runFailure("resume_none", { slug, why: `${provider.name} cannot go on with a conversation` });
  const conversation = findConversation(facts);
  const launch: SessionLaunch = {
    ...(before.session ?? sessionOf(before)),
    ...(facts.asks !== undefined && { asks: facts.asks }),
  };
  const { prompt: _, resume: __, context: _____, ...kept } = launch;
  const context = conversation === undefined ? earlierPrompts(events, before.input) : undefined;
  if (conversation === undefined && context === undefined && !before.session)
    throw runFailure("resume_none", { slug, why: "its agent wrote no conversation down" });
  const next: SessionLaunch = {
    ...kept,
    ...(context !== undefined && { context }),
    ...(conversation !== undefined && { resume: conversation }),
    ...(facts.prompt !== undefined && { prompt: facts.prompt }),
  };
  const where = { home: before.home, workdir: before.workdir, skills: [] };
  const isScreen = facts.pty !== undefined && conversation !== undefined && session.planScreen !== undefined;
  const planned = (isScreen ? session.planScreen : session.plan)?.(sessionRequest(next, where));
  if (planned === undefined) throw new Error("a session has a plan");
  const files = new Map([...before.files, ...planned.files].map((file) => [file.path, { ...file }]));
  const { input: ___, pty: ____, session: ______, record: _______, ...same } = before;
  const request: LaunchRequest = {
    ...same,
    metadata: {
      ...withoutEnd(before.metadata),
      startedAt: facts.now.toISOString(),
      // A recording is of one launch.
      modelSource: before.replay === undefined ? "live" : "replayed",
    },
    policy: { ...before.policy, environment: { ...before.policy.environment, ...planned.environment } },
    argv: [...planned.argv],
    files: [...files.values()],
    stdin: isScreen ? "none" : "pipe",
    decode: !isScreen,
    resumes: true,
    copied: facts.copied,
    ...(isScreen && facts.pty ? { pty: facts.pty } : { session: next }),
  };
  return { request: withNewPlaceholders(request, facts.unique), conversation, interrupted: lastInterrupted(events) };
}

/** Whether the last launch gave the agent a terminal of its own. */
export function wasOnScreen(paths: Pick<ReturnType<typeof statePaths>, "launch">): boolean {
  try {
    return (JSON.parse(readFileSync(paths.launch, "utf8")) as LaunchRequest).pty !== undefined;
  } catch {
    return false;
  }
}

/** The launch before, with the policy as it was at its end: routes that were allowed meanwhile stay. */
function readLaunch(paths: ReturnType<typeof statePaths>): LaunchRequest {
  const slug = relative(join(paths.dir, ".."), paths.dir);
  if (!existsSync(paths.launch)) throw runFailure("resume_none", { slug, why: "no conversation of it is kept" });
  try {
    const launch = LaunchRequest.parse(JSON.parse(readFileSync(paths.launch, "utf8")));
    const policy = Policy.parse(JSON.parse(readFileSync(paths.policy, "utf8")));
    return { ...launch, policy: { ...policy, routes: policy.routes.filter(({ once }) => !once) } };
  } catch (error) {
    const why = `what it was launched with cannot be read (${error instanceof Error ? error.message.slice(0, 200) : ""})`;
    throw runFailure("resume_none", { slug, why });
  }
}

/** A run that was no session goes on as one. */
function sessionOf({ argv, policy, metadata }: LaunchRequest): SessionLaunch {
  return {
    asks: false,
    binary: argv[0] ?? "",
    signedInWith: policy.credentials.map(({ name }) => name),
    ...(metadata.model !== undefined && { model: metadata.model }),
  };
}

function withoutEnd({ end: _, endedAt: __, exitCode: ___, ports: ____, ...metadata }: LaunchRequest["metadata"]) {
  return metadata;
}

/** Another unique part in each placeholder, wherever it stands: what an earlier launch held is worth nothing any more. */
function withNewPlaceholders(request: LaunchRequest, unique: () => string): LaunchRequest {
  let text = JSON.stringify(request);
  for (const { placeholder } of request.policy.credentials) {
    const part = /[0-9a-f]{32}/.exec(placeholder)?.[0];
    if (part !== undefined) text = text.replaceAll(part, unique());
  }
  return JSON.parse(text) as LaunchRequest;
}

/** The one that was told last, where its files are there; else the newest that there is. */
function findConversation({ paths, provider, events }: ResumeFacts): string | undefined {
  const told = events.findLast((event) => event.event === "conversation_opened")?.conversation;
  const kept = provider.session?.keptConversations?.(keptFiles(paths.conversation));
  if (kept === undefined) return told;
  return told !== undefined && kept.includes(told) ? told : told === undefined ? kept[0] : undefined;
}

/** Paths below the kept folder, newest first. The agent made them: links are not followed. */
function keptFiles(root: string): readonly string[] {
  const found: { readonly path: string; readonly at: number }[] = [];
  const walk = (dir: string, depth: number) => {
    let entries: ReturnType<typeof list> = [];
    try {
      entries = list(dir);
    } catch {
      return; // Not there, or closed by the agent.
    }
    for (const entry of entries) {
      if (found.length >= bounds.files) return;
      const path = join(dir, entry.name);
      if (entry.isDirectory() && depth < bounds.depth) walk(path, depth + 1);
      if (entry.isFile()) found.push({ path: relative(root, path), at: statSync(path).mtimeMs });
    }
  };
  walk(root, 0);
  return found.sort((a, b) => b.at - a.at).map(({ path }) => path);
}

const list = (dir: string) => readdirSync(dir, { withFileTypes: true });

/** What a new conversation is told of one whose files were never written. */
function earlierPrompts(events: readonly RunEvent[], input: string | undefined): string | undefined {
  const said = events.flatMap((event) => (event.event === "prompt_received" ? [event.text] : []));
  // A run with one prompt got it on its standard input.
  if (said.length === 0 && input !== undefined) said.push(input);
  if (said.length === 0) return undefined;
  const text = said.join("\n---\n").slice(-toldCharacters);
  return `This conversation was cut off before it was written down. In it the person had said the following, of which nothing or only a part may have been done. It is context: do not act on it unless you are asked to.\n<earlier>\n${text}\n</earlier>`;
}

/** What was said in the last turn, when that was interrupted. */
function lastInterrupted(events: readonly RunEvent[]): string | undefined {
  const last = events.findLast((event) => event.event === "turn_completed");
  const open = openPrompts(events);
  const prompt = open.turn?.prompt ?? (last?.outcome === "interrupted" ? last.prompt : undefined);
  return textOf(events, prompt);
}

function textOf(events: readonly RunEvent[], prompt: number | undefined): string | undefined {
  const found = events.find((event) => event.seq === prompt);
  return found?.event === "prompt_received" ? found.text : undefined;
}
