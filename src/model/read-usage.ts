import type { Usage } from "../spec/events.ts";

/** What one JSON value of a model API's answer says about the model and the tokens; fields that it does not state are absent. */
export interface UsageReading {
  readonly model?: string;
  readonly usage?: Partial<Usage>;
}

type Json = Readonly<Record<string, unknown>>;
const asObject = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
const asCount = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** Reads one answer, or one event of a streamed answer, of the Anthropic or OpenAI APIs. Never throws. */
export function readUsage(value: unknown): UsageReading {
  const root = asObject(value);
  if (!root) return {};
  // Anthropic wraps the first event in `message`, OpenAI's responses API its last one in `response`.
  const inner = asObject(root.message) ?? asObject(root.response) ?? root;
  const model = typeof inner.model === "string" ? inner.model : undefined;
  const counts = asObject(inner.usage) ?? asObject(root.usage);
  const usage = counts ? readCounts(counts) : undefined;
  return { ...(model === undefined ? {} : { model }), ...(usage ? { usage } : {}) };
}

/** Token counts of a `usage` object. OpenAI counts cached tokens within its input; here input never includes them. */
export function readCounts(counts: Json): Partial<Usage> {
  const details = asObject(counts.input_tokens_details) ?? asObject(counts.prompt_tokens_details);
  const cachedWithin = asCount(details?.cached_tokens);
  const input = asCount(counts.input_tokens) ?? asCount(counts.prompt_tokens);
  const found = {
    inputTokens: input === undefined ? undefined : Math.max(0, input - (cachedWithin ?? 0)),
    outputTokens: asCount(counts.output_tokens) ?? asCount(counts.completion_tokens),
    cacheReadTokens: asCount(counts.cache_read_input_tokens) ?? cachedWithin,
    cacheWriteTokens: asCount(counts.cache_creation_input_tokens),
  };
  return Object.fromEntries(Object.entries(found).filter(([, count]) => count !== undefined));
}
