import { createHash } from "node:crypto";

/** What a request says to the model: prompts, tool uses and their results. Plain JSON; `digestConversation` compares two. */
export interface Conversation {
  readonly endpoint: "messages" | "count_tokens" | "chat" | "responses";
  readonly streamed: boolean;
  /** Whether tools are offered and whether a format is asked for: what tells a CLI's side calls from its main ones. */
  readonly tools: boolean;
  readonly format: boolean;
  readonly messages: readonly Message[];
}

/** `parts` are `{text}`, `{tool, input}`, `{result, error?}`, or other JSON as it was sent. */
export type Message = { readonly role: string; readonly parts: readonly unknown[] };
type Json = Readonly<Record<string, unknown>>;

/**
 * Keeps roles, prompts, tool inputs and tool results; drops the system prompt (it holds dates, paths and the machine), ids,
 * cache marks, reminders that the CLI adds to messages, and reasoning.
 */
export function readConversation(endpoint: Conversation["endpoint"], request: Json): Conversation {
  const list = endpoint === "responses" ? request.input : request.messages;
  const items = typeof list === "string" ? [{ role: "user", content: list }] : Array.isArray(list) ? list : [];
  return {
    endpoint,
    streamed: request.stream === true,
    tools: Array.isArray(request.tools) && request.tools.length > 0,
    format: isFormatAsked(request),
    messages: joinSameRoles(items.map(asObject).flatMap(readMessage)),
  };
}

function isFormatAsked(request: Json): boolean {
  const formats = [request.response_format, asObject(request.text).format, asObject(request.output_config).format];
  return formats.some((format) => asObject(format).type !== undefined && asObject(format).type !== "text");
}

const asObject = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

function readMessage(message: Json): readonly Message[] {
  const role = typeof message.role === "string" ? message.role : roleOfItem(message.type);
  if (role === "system" || role === "developer") return [];
  const content = message.content;
  const blocks =
    typeof content === "string" ? [{ type: "text", text: content }] : Array.isArray(content) ? content : [];
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  const own = typeof message.type === "string" && message.type !== "message" ? [message] : [];
  const isToolAnswer = role === "tool";
  const parts = [...blocks, ...calls, ...own].flatMap((block) => readPart(asObject(block), isToolAnswer));
  return parts.length === 0 ? [] : [{ role, parts }];
}

/** Items of the responses API that are no messages: what the model asked for, or what a tool answered. */
function roleOfItem(type: unknown): string {
  return typeof type === "string" && type.endsWith("_output") ? "tool" : "assistant";
}

function readPart(part: Json, isToolAnswer: boolean): readonly unknown[] {
  switch (part.type) {
    case "text":
    case "input_text":
    case "output_text": {
      const text = dropReminders(String(part.text ?? "")).trim();
      if (text === "") return [];
      return isToolAnswer ? [{ result: text }] : [{ text }];
    }
    case "tool_use":
      return [{ tool: nameOf(part), input: cleanValue(part.input) }];
    case "function":
      return [readCall(asObject(part.function))];
    case "function_call":
    case "custom_tool_call":
      return [readCall(part)];
    case "tool_result":
      return [{ result: readResult(part.content), ...(part.is_error === true ? { error: true } : {}) }];
    case "function_call_output":
    case "custom_tool_call_output":
      return [{ result: readResult(part.output) }];
    case "thinking":
    case "redacted_thinking":
    case "reasoning":
      return [];
    default:
      return [cleanValue(part)];
  }
}

function readCall(call: Json): unknown {
  const input = call.arguments ?? call.input;
  return { tool: nameOf(call), input: cleanValue(typeof input === "string" ? parseOrText(input) : input) };
}

const nameOf = (call: Json): string => (typeof call.name === "string" ? call.name : "");

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readResult(content: unknown): unknown {
  if (typeof content === "string") return dropReminders(content).trim();
  if (!Array.isArray(content)) return cleanValue(content);
  const parts = content.map(asObject).flatMap((part) => {
    if (typeof part.text !== "string") return [cleanValue(part)];
    const text = dropReminders(part.text).trim();
    return text === "" ? [] : [text];
  });
  return parts.length === 1 ? parts[0] : parts;
}

const runKeys = new Set([
  "id",
  "tool_use_id",
  "call_id",
  "cache_control",
  "signature",
  "metadata",
  "session_id",
  "status",
]);

// Deeper JSON is no tool's input: it is cut, so that a hostile body cannot exhaust the stack.
const deepest = 50;

/** Any other JSON: without the keys that hold ids and marks; long data (an image) becomes its digest. */
function cleanValue(value: unknown, depth = 0): unknown {
  if (depth > deepest) return "<deep>";
  if (typeof value === "string") {
    return value.length > 20_000 ? { sha256: createHash("sha256").update(value).digest("hex") } : value;
  }
  if (Array.isArray(value)) return value.map((inner) => cleanValue(inner, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !runKeys.has(key))
      .map(([key, inner]) => [key, cleanValue(inner, depth + 1)]),
  );
}

/** What a CLI puts into the person's words or a tool's answer, by itself: dates, folders, to-do lists, file notices. */
const dropReminders = (text: string): string =>
  text.replace(/<(system-reminder|environment_context|current_datetime)>[\s\S]*?<\/\1>/g, "");

/** Some CLIs put several blocks into one message and some into several: both say the same. */
function joinSameRoles(messages: readonly Message[]): readonly Message[] {
  const joined: { role: string; parts: unknown[] }[] = [];
  for (const { role, parts } of messages) {
    const last = joined.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else joined.push({ role, parts: [...parts] });
  }
  return joined;
}
