import { contentText, cutText, objectIn, objectsIn, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { StepBuilder } from "./step-builder.ts";

interface ToolCall {
  readonly tool: string;
  input: unknown;
  state: "announced" | "started" | "completed";
}

/** Tools that may be under way at once: an agent with more has gone wrong, and the others are not followed. */
const mostOpen = 1000;
/** Ids of tools that are over, so that what an agent says of one twice is told once. */
const mostRemembered = 10_000;

/** The tools that an agent uses within one turn, each told twice: when it starts and when it is over. */
export interface AcpToolCalls {
  /** A `tool_call`, or an update of one. */
  seen(update: StreamObject): void;
  /** What is told of one to whoever may permit it; it counts as started. */
  describe(update: StreamObject): { readonly tool: string; readonly input: unknown };
  /** The turn is over: what was not completed never will be. */
  endAll(): void;
}

/** Follows them. `wholeAt`: when an agent tells all that a tool is given, at the call or with its progress. */
export function createAcpToolCalls(step: Pick<StepBuilder, "tell">, wholeAt: "call" | "progress"): AcpToolCalls {
  const calls = new Map<string, ToolCall>();
  const over = new Set<string>();

  const start = (id: string, call: ToolCall) => {
    if (call.state !== "announced") return;
    call.state = "started";
    step.tell({ event: "tool_started", id, tool: call.tool, input: call.input ?? {} });
  };
  const complete = (id: string, call: ToolCall, ok: boolean, output: string) => {
    start(id, call);
    call.state = "completed";
    calls.delete(id);
    over.add(id);
    const [oldest] = over;
    if (over.size > mostRemembered && oldest !== undefined) over.delete(oldest);
    step.tell({ event: "tool_completed", id, ok, output });
  };
  const note = (id: string, update: StreamObject): ToolCall => {
    const isFollowed = calls.has(id) || (!over.has(id) && calls.size < mostOpen);
    const state = isFollowed ? "announced" : "completed";
    const call: ToolCall = calls.get(id) ?? { tool: nameOf(update), input: undefined, state };
    if (isFollowed) calls.set(id, call);
    if (update.rawInput !== undefined) call.input = update.rawInput;
    return call;
  };

  return {
    seen(update) {
      const id = textIn(update, "toolCallId");
      const call = note(id, update);
      if (call.state === "completed") return;
      const { status } = update;
      if (status === "completed" || status === "failed") {
        return complete(id, call, status === "completed" && exitOf(update) === 0, outputOf(update));
      }
      if (status === "in_progress" || (wholeAt === "call" && isGiven(call.input))) start(id, call);
    },
    describe(update) {
      const id = textIn(update, "toolCallId");
      const { rawInput, ...rest } = update;
      // What it told when it announced the call may have been a part.
      const call = note(id, calls.get(id)?.state === "started" ? rest : update);
      start(id, call);
      return { tool: call.tool, input: call.input ?? rawInput };
    },
    endAll() {
      for (const [id, call] of [...calls]) if (call.state === "started") complete(id, call, false, "");
      calls.clear();
      over.clear();
    },
  };
}

/** The tool's own name, where the title is that or the agent says it apart; else its kind. */
function nameOf(update: StreamObject): string {
  const title = textIn(update, "title");
  const kind = textIn(update, "kind");
  const own = textIn(update, "name") || (/^[A-Za-z][\w.-]{0,63}$/.test(title) ? title : "");
  return own || (kind === "other" ? "" : kind) || title || "tool";
}

const isGiven = (input: unknown) => typeof input === "object" && input !== null && Object.keys(input).length > 0;

function exitOf(update: StreamObject): number {
  const output = objectIn(update, "rawOutput");
  const said = [output.exitCode, output.exit_code, objectIn(output, "metadata").exit];
  const shells = objectsIn(output, "contents").map(({ exitCode }) => exitCode);
  return [...said, ...shells].find((code) => typeof code === "number") ?? 0;
}

/** What it showed; where that is nothing, what it gave back. */
function outputOf(update: StreamObject): string {
  const texts = objectsIn(update, "content").flatMap((block) => {
    if (block.type === "content") return [textIn(objectIn(block, "content"), "text")];
    return block.type === "diff" ? [`changed ${textIn(block, "path")}`] : [];
  });
  const shown = texts.filter((text) => text !== "").join("\n");
  if (shown !== "") return cutText(shown);
  const { rawOutput } = update;
  if (typeof rawOutput === "string") return cutText(rawOutput);
  const output = objectIn(update, "rawOutput");
  const said = ["output", "content", "message", "error"].map((field) => textIn(output, field)).find(Boolean);
  return cutText(said ?? contentText(output));
}
