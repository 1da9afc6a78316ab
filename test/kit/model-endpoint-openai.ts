import { pieces } from "./model-endpoint-anthropic.ts";
import type { ScriptedAnswer, ScriptedRequest } from "./model-endpoint-script.ts";

type Json = Readonly<Record<string, unknown>>;
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value : []);
const parametersOf = (tool: Json) => Object.keys(((tool.parameters as Json | undefined)?.properties as Json) ?? {});
const created = 1_767_225_600;

/** Reads a request of chat completions. */
export function readChat(body: Json): ScriptedRequest {
  return {
    model: String(body.model),
    streamed: body.stream === true,
    tools: list(body.tools).map((tool) => {
      const described = (tool.function ?? tool.custom ?? {}) as Json;
      return { name: String(described.name), parameters: parametersOf(described), isFreeform: tool.type === "custom" };
    }),
    turnsDone: list(body.messages).filter((message) => message.role === "assistant").length,
    isFormatAsked: body.response_format !== undefined,
    text: JSON.stringify(body),
  };
}

/** The answer as one chat completion. */
export function chatCompletion(answer: ScriptedAnswer, request: ScriptedRequest): Json {
  const calls = chatCalls(answer, request);
  return {
    ...chatHead(request, "chat.completion"),
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: answer.text || null,
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        finish_reason: calls.length > 0 ? "tool_calls" : "stop",
      },
    ],
    usage: chatUsage(answer, request),
  };
}

/** The answer as chunks; token use only when it was asked for, as the real API does. */
export function chatEvents(answer: ScriptedAnswer, request: ScriptedRequest, isUsageAsked: boolean): readonly string[] {
  const calls = chatCalls(answer, request);
  const deltas: Json[] = [{ role: "assistant", content: "" }, ...pieces(answer.text).map((content) => ({ content }))];
  calls.forEach((call, index) => {
    deltas.push({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: "" } }] });
    for (const piece of pieces(call.function.arguments))
      deltas.push({ tool_calls: [{ index, function: { arguments: piece } }] });
  });
  const head = chatHead(request, "chat.completion.chunk");
  const chunks: Json[] = deltas.map((delta) => ({ ...head, choices: [{ index: 0, delta, finish_reason: null }] }));
  chunks.push({ ...head, choices: [{ index: 0, delta: {}, finish_reason: calls.length > 0 ? "tool_calls" : "stop" }] });
  if (isUsageAsked) chunks.push({ ...head, choices: [], usage: chatUsage(answer, request) });
  return [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"];
}

const chatHead = (request: ScriptedRequest, object: string): Json => ({
  id: `chatcmpl-scripted-${request.turnsDone}`,
  object,
  created,
  model: request.model,
});
const chatCalls = (answer: ScriptedAnswer, request: ScriptedRequest) =>
  answer.calls.map(({ tool, input }, n) => ({
    id: `call_scripted_${request.turnsDone}_${n}`,
    type: "function",
    function: { name: tool, arguments: JSON.stringify(input) },
  }));
const chatUsage = (answer: ScriptedAnswer, request: ScriptedRequest): Json => ({
  prompt_tokens: 120 + 50 * request.turnsDone,
  completion_tokens: 8 + answer.text.length,
  total_tokens: 128 + 50 * request.turnsDone + answer.text.length,
  prompt_tokens_details: { cached_tokens: 20 },
});

/** Reads a request of the responses API. */
export function readResponses(body: Json): ScriptedRequest {
  // What the model did since the last thing that a person or a tool said is one turn.
  const isModels = (item: Json) => item.role === "assistant" || /^(function|custom_tool)_call$/.test(String(item.type));
  const items = list(body.input);
  // Codex sends the tools of its newest models as a part of the conversation.
  const tools = [...list(body.tools), ...items.flatMap((item) => list(item.tools))];
  return {
    model: String(body.model),
    streamed: body.stream === true,
    tools: tools.flatMap(readOfferedTools),
    turnsDone: items.filter((item, n) => isModels(item) && !isModels(items[n - 1] ?? {})).length,
    isFormatAsked: (body.text as Json | undefined)?.format !== undefined,
    isSummaryAsked: items.at(-1)?.type === "compaction_trigger",
    text: JSON.stringify(body),
  };
}

/** A tool as this API describes it; a namespace holds several. */
function readOfferedTools(tool: Json): ScriptedRequest["tools"] {
  if (tool.type === "namespace") return list(tool.tools).flatMap(readOfferedTools);
  return [{ name: String(tool.name), parameters: parametersOf(tool), isFreeform: tool.type === "custom" }];
}

/** The answer as one response object. */
export function responseObject(answer: ScriptedAnswer, request: ScriptedRequest): Json {
  const inputTokens = 130 + 50 * request.turnsDone;
  const outputTokens = 9 + answer.text.length;
  return {
    ...responseHead(request),
    status: "completed",
    output: responseItems(answer, request),
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 30 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + outputTokens,
    },
  };
}

/** The answer as the responses API streams it: each item is added, grows by deltas, and is done. */
export function responseEvents(answer: ScriptedAnswer, request: ScriptedRequest): readonly string[] {
  const start = { ...responseHead(request), status: "in_progress", output: [], usage: null };
  const events: Json[] = [
    { type: "response.created", response: start },
    { type: "response.in_progress", response: start },
  ];
  responseItems(answer, request).forEach((item, output_index) => {
    const grow = { message: messageEvents, compaction: wholeEvents }[String(item.type)] ?? callEvents;
    events.push(...grow(item, output_index));
  });
  events.push({ type: "response.completed", response: responseObject(answer, request) });
  return events.map(
    (event, n) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: n })}\n\n`,
  );
}

function messageEvents(item: Json, output_index: number): readonly Json[] {
  const part = (item.content as readonly Json[])[0] ?? {};
  const at = { item_id: item.id, output_index, content_index: 0 };
  return [
    { type: "response.output_item.added", output_index, item: { ...item, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
    ...pieces(String(part.text)).map((delta) => ({ type: "response.output_text.delta", ...at, delta })),
    { type: "response.output_text.done", ...at, text: part.text },
    { type: "response.content_part.done", ...at, part },
    { type: "response.output_item.done", output_index, item },
  ];
}

const wholeEvents = (item: Json, output_index: number): readonly Json[] => [
  { type: "response.output_item.added", output_index, item },
  { type: "response.output_item.done", output_index, item },
];

function callEvents(item: Json, output_index: number): readonly Json[] {
  const at = { item_id: item.id, output_index };
  const [field, kind] =
    item.type === "custom_tool_call" ? ["input", "custom_tool_call_input"] : ["arguments", "function_call_arguments"];
  const said = String(item[field]);
  return [
    { type: "response.output_item.added", output_index, item: { ...item, status: "in_progress", [field]: "" } },
    ...pieces(said).map((delta) => ({ type: `response.${kind}.delta`, ...at, delta })),
    { type: `response.${kind}.done`, ...at, [field]: said },
    { type: "response.output_item.done", output_index, item },
  ];
}

const responseHead = (request: ScriptedRequest): Json => ({
  id: `resp_scripted_${request.turnsDone}`,
  object: "response",
  created_at: created,
  model: request.model,
});

function responseItems(answer: ScriptedAnswer, request: ScriptedRequest): readonly Json[] {
  const n = request.turnsDone;
  if (request.isSummaryAsked)
    return [{ id: `cmp_scripted_${n}`, type: "compaction", encrypted_content: "c3VtbWFyeQ==" }];
  const content = [{ type: "output_text", text: answer.text, annotations: [] }];
  const message = { id: `msg_scripted_${n}`, type: "message", role: "assistant", status: "completed", content };
  const calls = answer.calls.map(({ tool, input }, k) => ({
    id: `fc_scripted_${n}_${k}`,
    call_id: `call_scripted_${n}_${k}`,
    name: tool,
    status: "completed",
    ...(typeof input === "string"
      ? { type: "custom_tool_call", input }
      : { type: "function_call", arguments: JSON.stringify(input) }),
  }));
  return [...(answer.text === "" ? [] : [message]), ...calls];
}
