import { createHash } from "node:crypto";

/** The digest that a recorded conversation is found by: SHA-256 over its JSON with sorted keys, 32 hex digits of it. */
export function digestConversation(conversation: unknown): string {
  return createHash("sha256").update(canonicalJson(conversation)).digest("hex").slice(0, 32);
}

function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
        : inner,
    ) ?? "null"
  );
}
