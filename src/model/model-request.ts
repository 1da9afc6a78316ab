import type { ModelApi } from "../spec/policy.ts";
import { type Conversation, readConversation } from "./conversation.ts";
import { digestConversation } from "./digest-conversation.ts";

/** What the gate must know of one request to a model API. Digest and conversation are worked out when first read. */
export interface ModelRequest {
  readonly model: string;
  readonly streamed: boolean;
  /** Whether the answer states token use that is paid for: false for `count_tokens`. */
  readonly metered: boolean;
  /** The same for two requests that say the same to the model, whatever differs between two runs or machines. */
  readonly digest: string;
  /** What a recording keeps as the `body` of an exchange's request. Holds no system prompt and no credential. */
  readonly conversation: Conversation;
  /** What to send upstream: the given bytes, or those with `stream_options.include_usage` added. */
  readonly body: Uint8Array;
}

const endpoints: Readonly<Record<ModelApi, Readonly<Record<string, Conversation["endpoint"]>>>> = {
  anthropic: { "/v1/messages": "messages", "/v1/messages/count_tokens": "count_tokens" },
  openai: {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    // GitHub's Copilot has them at its root.
    "/chat/completions": "chat",
    "/responses": "responses",
    // ChatGPT's own, which Codex uses with a subscription.
    "/backend-api/codex/responses": "responses",
  },
};

/** Reads the request at `path` (its query is ignored); undefined when it is none to a model. Never throws. */
export function readModelRequest(api: ModelApi, path: string, body: Uint8Array): ModelRequest | undefined {
  const endpoint = endpoints[api][path.split("?", 1)[0] ?? ""];
  const json = endpoint === undefined ? undefined : parseObject(body);
  if (endpoint === undefined || json === undefined || typeof json.model !== "string") return undefined;
  const { model } = json;
  const streamed = json.stream === true;
  let conversation: Conversation | undefined;
  let digest: string | undefined;
  return {
    model,
    streamed,
    metered: endpoint !== "count_tokens",
    get conversation() {
      conversation ??= readConversation(endpoint, json);
      return conversation;
    },
    get digest() {
      digest ??= digestConversation(this.conversation);
      return digest;
    },
    body: endpoint === "chat" && streamed ? askForUsage(body, json) : body,
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(body: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** A streamed chat completion states its token use only when it was asked to. */
function askForUsage(body: Uint8Array, json: JsonObject): Uint8Array {
  const options = json.stream_options as JsonObject | null | undefined;
  if (options?.include_usage === true) return body;
  if (options === undefined) {
    // Put in as text, so that what the agent sent stays as it is to the byte (a parsed number may lose digits).
    const text = new TextDecoder().decode(body);
    const at = text.indexOf("{") + 1;
    return new TextEncoder().encode(`${text.slice(0, at)}"stream_options":{"include_usage":true},${text.slice(at)}`);
  }
  try {
    return new TextEncoder().encode(JSON.stringify({ ...json, stream_options: { ...options, include_usage: true } }));
  } catch {
    return body; // JSON that is nested too deeply to be written again: the model API will refuse it
  }
}
