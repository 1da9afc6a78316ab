import type { ToGate } from "../../spec/gate-protocol.ts";
import { readToGate } from "../../spec/read-message.ts";

/** The keeper's message in a line, or what to answer to one that is none. The answers quote nothing of the line. */
export type ParsedMessage =
  | { readonly message: ToGate }
  | { readonly rejected: { readonly sandbox: string; readonly reason: string } }
  | { readonly fault: string };

/** Parses one line by the schema of the protocol. Never throws, whatever the line. */
export function parseMessage(line: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { fault: "a line on the control channel is not JSON" };
  }
  const read = readToGate(value);
  if ("value" in read) return { message: read.value };
  const sandbox = sandboxOf(value);
  return sandbox === undefined
    ? { fault: `a line on the control channel is no message: ${read.problem}` }
    : { rejected: { sandbox, reason: read.problem } };
}

function sandboxOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, sandbox } = value as { type?: unknown; sandbox?: { id?: unknown } | null };
  const id = type === "configure" ? sandbox?.id : undefined;
  return typeof id === "string" ? id : undefined;
}
