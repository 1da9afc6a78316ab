import { createBoundedLines } from "../model/bounded-lines.ts";
import type { RunEventDraft } from "../spec/events.ts";
import type { SessionCommand, ThinkingLevel, TurnEnd } from "../spec/session.ts";
import { questionAsked, readToolRequest, type ToolRequest } from "./claude-code-questions.ts";
import { readMessage, resultText } from "./claude-code-stream.ts";
import { providerFailure } from "./errors.ts";
import { objectIn, parseObject, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { SessionCodec, SessionRequest, SessionStep } from "./provider.ts";

const agent = "claude-code";

/** Levels that the CLI takes as effort (what its newer models go by) and as tokens (the older ones). */
const tokensOf: Readonly<Partial<Record<ThinkingLevel, number>>> = {
  low: 4096,
  medium: 10_000,
  high: 20_000,
  xhigh: 31_999,
};
export const thinkingLevels = Object.keys(tokensOf) as readonly ThinkingLevel[];

/** What was asked of the CLI and is not answered yet. */
type Asked =
  | { readonly type: "model"; readonly model: string }
  | { readonly type: "thinking"; readonly level: ThinkingLevel }
  | { readonly type: "other" };

interface Step {
  readonly events: RunEventDraft[];
  readonly lines: object[];
  readonly streamed: { kind: "text" | "thought"; text: string }[];
}

/** Speaks `claude -p --input-format stream-json --output-format stream-json` and its control requests, both ways. */
export function createClaudeCodeCodec(request: Pick<SessionRequest, "resume" | "thinking">): SessionCodec {
  const lines = createBoundedLines();
  const asked = new Map<string, Asked>();
  const toolRequests = new Map<string, ToolRequest>();
  const requestOf = new Map<string, string>();
  let requests = 0;
  let conversation: string | undefined;
  let turn: { isAborted: boolean } | undefined;
  let compaction: "asked" | "own" | undefined;
  let isCompacted = false;

  const control = (step: Step, body: object, what: Asked = { type: "other" }) => {
    requests += 1;
    const request_id = `caisson-${requests}`;
    asked.set(request_id, what);
    step.lines.push({ type: "control_request", request_id, request: body });
  };
  const say = (step: Step, text: string, more: object = {}) =>
    step.lines.push({
      type: "user",
      message: { role: "user", content: [{ type: "text", text }] },
      parent_tool_use_id: null,
      ...more,
    });
  const setThinking = (step: Step, level: ThinkingLevel) => {
    const tokens = tokensOf[level];
    if (tokens === undefined) throw providerFailure("session_unsupported", { agent, what: `think at level ${level}` });
    control(step, { subtype: "set_max_thinking_tokens", max_thinking_tokens: tokens });
    control(step, { subtype: "apply_flag_settings", settings: { effortLevel: level } }, { type: "thinking", level });
  };
  const beginTurn = (step: Step) => {
    if (turn) return;
    turn = { isAborted: false };
    step.events.push({ event: "turn_started" });
  };
  const endTurn = (step: Step, outcome: TurnEnd, text: string) => {
    if (!turn) return;
    turn = undefined;
    step.events.push({ event: "turn_completed", outcome, text });
  };
  const beginCompaction = (step: Step, by: "asked" | "own") => {
    if (compaction) return;
    compaction = by;
    isCompacted = false;
    step.events.push({ event: "compaction_started" });
  };
  const endCompaction = (step: Step, ok: boolean) => {
    if (!compaction) return;
    compaction = undefined;
    step.events.push({ event: "compaction_completed", ok });
  };

  const readInit = (step: Step, object: StreamObject) => {
    const id = textIn(object, "session_id");
    if (id !== "" && id !== conversation) {
      conversation = id;
      step.events.push({ event: "conversation_opened", conversation: id, resumed: id === request.resume });
    }
    // It begins each turn, also one that nobody asked for: a steering that came too late, a task in the background.
    if (!compaction) beginTurn(step);
  };

  const readSystem = (step: Step, object: StreamObject) => {
    switch (object.subtype) {
      case "init":
        return readInit(step, object);
      case "status":
        if (object.status === "compacting") beginCompaction(step, "own");
        if (object.compact_result !== undefined) isCompacted = object.compact_result === "success";
        if (object.compact_result !== undefined && compaction === "own") endCompaction(step, isCompacted);
        return;
      default:
        step.events.push(...readMessage(object));
    }
  };

  const readResult = (step: Step, object: StreamObject) => {
    const ok = object.subtype === "success" && object.is_error !== true;
    const text = resultText(object);
    if (compaction === "asked") {
      if (!ok) step.events.push({ event: "error_reported", message: text });
      return endCompaction(step, ok && isCompacted);
    }
    if (!turn) {
      if (!ok) step.events.push({ event: "error_reported", message: text });
      return;
    }
    const isCut = turn.isAborted && (!ok || textIn(object, "terminal_reason").startsWith("aborted"));
    endTurn(step, isCut ? "aborted" : ok ? "completed" : "failed", isCut ? "" : text);
  };

  const readRequest = (step: Step, object: StreamObject) => {
    const id = textIn(object, "request_id");
    const body = objectIn(object, "request");
    if (body.subtype === "can_use_tool" && !toolRequests.has(id)) {
      const found = readToolRequest(id, body);
      toolRequests.set(id, found);
      for (const question of found.asked) {
        requestOf.set(question.question, id);
        step.events.push(questionAsked(question));
      }
      return;
    }
    const response = { subtype: "error", request_id: id, error: "not available here" };
    step.lines.push({ type: "control_response", response });
  };

  const withdraw = (step: Step, id: string) => {
    for (const { question } of toolRequests.get(id)?.asked ?? []) {
      requestOf.delete(question);
      step.events.push({ event: "question_answered", question, answer: { cancelled: true } });
    }
    toolRequests.delete(id);
  };

  const readResponse = (step: Step, object: StreamObject) => {
    const response = objectIn(object, "response");
    const id = textIn(response, "request_id");
    const what = asked.get(id);
    asked.delete(id);
    if (what === undefined) return;
    if (response.subtype !== "success") {
      step.events.push({ event: "error_reported", message: textIn(response, "error") || "it refused a request" });
      return;
    }
    if (what.type === "model") {
      const model = textIn(objectIn(response, "response"), "model") || what.model;
      step.events.push({ event: "model_changed", model });
    }
    if (what.type === "thinking") step.events.push({ event: "thinking_changed", level: what.level });
  };

  const readDelta = (step: Step, object: StreamObject) => {
    const delta = objectIn(objectIn(object, "event"), "delta");
    const kind = delta.type === "text_delta" ? "text" : delta.type === "thinking_delta" ? "thought" : undefined;
    const text = textIn(delta, kind === "thought" ? "thinking" : "text");
    if (kind && text !== "") step.streamed.push({ kind, text });
  };

  const read = (step: Step, object: StreamObject) => {
    switch (object.type) {
      case "system":
        return readSystem(step, object);
      case "assistant":
      case "user":
        // A summary, and what the CLI says to itself when it is compacted, are no part of a turn.
        if (object.isReplay !== true && compaction !== "asked") step.events.push(...readMessage(object));
        return;
      case "stream_event":
        return readDelta(step, object);
      case "result":
        return readResult(step, object);
      case "control_request":
        return readRequest(step, object);
      case "control_cancel_request":
        return withdraw(step, textIn(object, "request_id"));
      case "control_response":
        return readResponse(step, object);
      default:
    }
  };

  const readLine = (step: Step, line: ReturnType<typeof lines.write>[number]) => {
    if (!("whole" in line)) {
      step.events.push({ event: "error_reported", message: `${agent} wrote a line of over 1 MiB: left out` });
      return;
    }
    const text = line.whole.replace(/\r$/, "");
    const object = parseObject(text);
    if (object) read(step, object);
    else if (text !== "") step.events.push({ event: "output_produced", stream: "stdout", text: `${text}\n` });
  };

  const encode = (step: Step, command: SessionCommand) => {
    switch (command.type) {
      case "prompt":
      case "follow_up":
        say(step, command.text);
        return beginTurn(step);
      case "steer":
        return say(step, command.text, { priority: "next" });
      case "abort":
        if (turn) turn.isAborted = true;
        return control(step, { subtype: "interrupt", cancel_queued: true });
      case "answer": {
        const id = requestOf.get(command.question);
        const found = id === undefined ? undefined : toolRequests.get(id);
        if (id === undefined || !found)
          throw providerFailure("session_refused", { agent, why: "it asks no such thing" });
        requestOf.delete(command.question);
        const leave = found.answer(command.question, command.answer);
        if (leave === undefined) return;
        toolRequests.delete(id);
        step.lines.push({
          type: "control_response",
          response: { subtype: "success", request_id: id, response: leave },
        });
        return;
      }
      case "set_model":
        return control(step, { subtype: "set_model", model: command.model }, { type: "model", model: command.model });
      case "set_thinking":
        return setThinking(step, command.level);
      case "compact":
        say(step, "/compact");
        return beginCompaction(step, "asked");
      default:
        command satisfies never;
    }
  };

  const inStep = (act: (step: Step) => void): SessionStep => {
    const step: Step = { events: [], lines: [], streamed: [] };
    act(step);
    const write = step.lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    return { events: step.events, streamed: step.streamed, ...(write !== "" && { write }) };
  };

  return {
    open: () =>
      inStep((step) => {
        control(step, { subtype: "initialize" });
        if (request.thinking !== undefined) setThinking(step, request.thinking);
      }),
    encode: (command) => inStep((step) => encode(step, command)),
    decode: (bytes) =>
      inStep((step) => {
        for (const line of lines.write(bytes)) readLine(step, line);
      }),
    end: () =>
      inStep((step) => {
        for (const line of lines.end()) readLine(step, line);
        endCompaction(step, false);
        endTurn(step, "interrupted", "");
      }),
  };
}
