import { createHash } from "node:crypto";
import type { Conversation } from "./conversation.ts";
import { normaliseOutput } from "./normalise-output.ts";

/**
 * The digest that a recorded conversation is found by: 32 hex digits of the SHA-256 over it. What a clock, a random name or
 * a process number put into a tool's result does not count.
 */
export function digestConversation(conversation: Conversation): string {
  const messages = conversation.messages.map(({ role, parts }) => ({ role, parts: parts.map(normalisePart) }));
  return createHash("sha256")
    .update(canonicalJson({ ...conversation, messages }))
    .digest("hex")
    .slice(0, 32);
}

function normalisePart(part: unknown): unknown {
  const isResult = typeof part === "object" && part !== null && "result" in part;
  return isResult ? { ...part, result: normaliseTexts(part.result) } : part;
}

function normaliseTexts(value: unknown): unknown {
  if (typeof value === "string") return normaliseOutput(value);
  if (Array.isArray(value)) return value.map(normaliseTexts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normaliseTexts(inner)]));
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
