import type { ToGate } from "../../spec/gate-protocol.ts";

/** The keeper's message in a line, or what to answer to one that is none. The answers quote nothing of the line. */
export type ParsedMessage =
  | { readonly message: ToGate }
  | { readonly rejected: { readonly sandbox: string; readonly reason: string } }
  | { readonly fault: string };

/** The part of a zod schema that is used here, so that this file loads none of it. */
export interface MessageSchema {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: ToGate }
    | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Parses one line by the schema of the protocol. Never throws, whatever the line. */
export function parseMessage(schema: MessageSchema, line: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { fault: "a line on the control channel is not JSON" };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { message: parsed.data };
  const reason = describe(parsed.error.issues);
  const sandbox = sandboxOf(value);
  return sandbox === undefined
    ? { fault: `a line on the control channel is no message: ${reason}` }
    : { rejected: { sandbox, reason } };
}

// Where and what is wrong; never the value, which may be a secret.
const describe = (issues: readonly Issue[]): string =>
  issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join(".") || "message"}: ${message}`)
    .join("; ")
    .slice(0, 500);

function sandboxOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, sandbox } = value as { type?: unknown; sandbox?: { id?: unknown } | null };
  const id = type === "configure" ? sandbox?.id : undefined;
  return typeof id === "string" ? id : undefined;
}
