import type { ScriptedAnswer, ScriptedRequest } from "./model-endpoint-script.ts";

type Json = Readonly<Record<string, unknown>>;
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value : []);

/** Reads a request of the messages API. */
export function readAnthropic(body: Json): ScriptedRequest {
  return {
    model: String(body.model),
    streamed: body.stream === true,
    tools: list(body.tools).flatMap((tool) => {
      const schema = tool.input_schema as Json | undefined;
      const parameters = Object.keys((schema?.properties as Json | undefined) ?? {});
      return schema ? [{ name: String(tool.name), parameters, isFreeform: false }] : [];
    }),
    turnsDone: list(body.messages).filter((message) => message.role === "assistant").length,
    isFormatAsked: (body.output_config as Json | undefined)?.format !== undefined,
    text: JSON.stringify(body),
  };
}

/** The answer as one message. */
export function anthropicMessage(answer: ScriptedAnswer, request: ScriptedRequest): Json {
  return {
    ...emptyMessage(request),
    content: contentOf(answer, request.turnsDone),
    stop_reason: answer.calls.length > 0 ? "tool_use" : "end_turn",
    usage: { ...usageBefore(request), output_tokens: outputTokens(answer) },
  };
}

/** The answer as server-sent events, text and tool input in several deltas as the real API sends them. */
export function anthropicEvents(answer: ScriptedAnswer, request: ScriptedRequest): readonly string[] {
  const events: Json[] = [{ type: "message_start", message: emptyMessage(request) }];
  contentOf(answer, request.turnsDone).forEach((block, index) => {
    const isText = block.type === "text";
    events.push({
      type: "content_block_start",
      index,
      content_block: isText ? { type: "text", text: "" } : { ...block, input: {} },
    });
    if (index === 0) events.push({ type: "ping" });
    for (const piece of pieces(isText ? String(block.text) : JSON.stringify(block.input))) {
      const delta = isText ? { type: "text_delta", text: piece } : { type: "input_json_delta", partial_json: piece };
      events.push({ type: "content_block_delta", index, delta });
    }
    events.push({ type: "content_block_stop", index });
  });
  const stopReason = answer.calls.length > 0 ? "tool_use" : "end_turn";
  events.push({
    type: "message_delta",
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: outputTokens(answer) },
  });
  events.push({ type: "message_stop" });
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** An error of the API. */
export function anthropicError(type: string, message: string): Json {
  return { type: "error", error: { type, message }, request_id: "req_scripted" };
}

function contentOf(answer: ScriptedAnswer, turn: number): readonly Json[] {
  const text = answer.text === "" ? [] : [{ type: "text", text: answer.text }];
  const calls = answer.calls.map(({ tool, input }, n) => ({
    type: "tool_use",
    id: `toolu_scripted_${turn}_${n}`,
    name: tool,
    input,
  }));
  return [...text, ...calls];
}

const emptyMessage = (request: ScriptedRequest): Json => ({
  id: `msg_scripted_${request.turnsDone}`,
  type: "message",
  role: "assistant",
  model: request.model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { ...usageBefore(request), output_tokens: 1 },
});

const usageBefore = (request: ScriptedRequest) => ({
  input_tokens: 100 + 10 * request.turnsDone,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 1000 * request.turnsDone,
});

const outputTokens = (answer: ScriptedAnswer): number =>
  5 + Math.ceil((answer.text + JSON.stringify(answer.calls)).length / 4);

/** Cuts a text as a streaming model does: into small parts, never inside a character. */
export function pieces(text: string): readonly string[] {
  return text.match(/[\s\S]{1,11}/gu) ?? [];
}
