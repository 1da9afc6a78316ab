import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RunEvent } from "../spec/events.ts";
import { SessionCommand } from "../spec/session.ts";
import type { SessionRequest, SessionStep } from "./provider.ts";
import { providers } from "./providers.ts";

const request: SessionRequest = {
  home: "/home/agent",
  workdir: "/w",
  binary: "/bin/agent",
  signedInWith: [],
  skills: [],
  asks: true,
};
const encode = (text: string) => new TextEncoder().encode(text);
const splitAt = (whole: Uint8Array, cuts: readonly number[]) => {
  const at = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => whole.subarray(from, at[i] ?? whole.length));
};

/** Words that the CLIs' protocols know, so that hostile values get below them. */
const types = [
  ...["system", "assistant", "user", "result", "stream_event", "control_request", "control_response"],
  ...[
    "control_cancel_request",
    "response",
    "message_update",
    "message_end",
    "turn_end",
    "agent_end",
    "tool_execution_end",
  ],
  ...["extension_ui_request", "agent_start", "tool_execution_start", "compaction_start", "compaction_end"],
];
const subtypes = ["init", "status", "success", "error", "can_use_tool", "compact_boundary", "text_delta"];
const methods = [
  ...["thread/started", "turn/started", "turn/completed", "item/started", "item/completed", "item/agentMessage/delta"],
  ...["session/update", "session/request_permission", "fs/read_text_file", "error"],
];

const hostile = fc
  .record(
    {
      type: fc.oneof(fc.constantFrom(...types), fc.jsonValue()),
      subtype: fc.oneof(fc.constantFrom(...subtypes), fc.jsonValue()),
      method: fc.oneof(fc.constantFrom(...methods), fc.jsonValue()),
      id: fc.oneof(fc.constantFrom(1, 2, 3, "caisson-1", "caisson-2"), fc.jsonValue()),
      request_id: fc.oneof(fc.constantFrom("caisson-1", "a"), fc.jsonValue()),
      inner: fc.jsonValue(),
      nested: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .map(({ inner, nested, ...head }) => {
    const below = { ...head, content: [inner, { type: "text", text: nested }], input: inner, options: [nested, inner] };
    const fields = ["message", "request", "response", "event", "params", "result", "error", "data", "delta", "update"];
    return `${JSON.stringify({ ...head, status: inner, ...Object.fromEntries(fields.map((f) => [f, below])) })}\n`;
  });

describe.each(
  Object.values(providers).flatMap((provider) =>
    provider.session ? [[provider.name, provider.session] as const] : [],
  ),
)("the session codec of %s", (_, session) => {
  it("never throws, whatever the bytes and their split, and tells turns, conversations and questions in order", () => {
    const bytes = fc.oneof(fc.uint8Array(), hostile.map(encode));
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 12 }),
        fc.array(fc.nat(5000), { maxLength: 6 }),
        fc.boolean(),
        (chunks, cuts, prompts) => {
          const codec = session.codec(request);
          const steps: SessionStep[] = [codec.open()];
          if (prompts && codec.isReady !== false) steps.push(codec.encode({ type: "prompt", text: "x" }));
          for (const chunk of splitAt(Buffer.concat(chunks), cuts)) steps.push(codec.decode(chunk));
          steps.push(codec.end());
          let isOpen = false;
          for (const event of steps.flatMap(({ events = [] }) => events)) {
            RunEvent.parse({ ts: "2026-01-01T00:00:00Z", seq: 1, agent: "a", ...event });
            if (event.event === "turn_started") {
              expect(isOpen).toBe(false);
              isOpen = true;
            }
            if (event.event === "turn_completed") {
              expect(isOpen).toBe(true);
              isOpen = false;
            }
          }
          expect(isOpen).toBe(false);
          for (const { write = "" } of steps) expect(write === "" || write.endsWith("\n")).toBe(true);
        },
      ),
    );
  });

  it("takes a turn that is going on as interrupted when the stream ends", () => {
    const codec = session.codec(request);
    codec.open();
    if (codec.isReady === false) return; // Its contract is kept by the driver, which waits.
    const events = [...(codec.encode({ type: "prompt", text: "x" }).events ?? []), ...(codec.end().events ?? [])];
    const turns = events.filter(({ event }) => event.startsWith("turn_"));
    // One that tells a turn when the CLI does has none yet.
    expect([[], ["interrupted"]]).toContainEqual(
      turns.flatMap((event) => (event.event === "turn_completed" ? [event.outcome] : [])),
    );
  });

  it("encodes every command that its abilities name", () => {
    const { abilities } = session;
    const commands: SessionCommand[] = [
      ...(abilities.setModel ? [{ type: "set_model", model: "m" } as const] : []),
      ...abilities.thinking.map((level) => ({ type: "set_thinking", level }) as const),
    ];
    const codec = session.codec(request);
    codec.open();
    for (const command of commands) if (codec.isReady !== false) codec.encode(SessionCommand.parse(command));
  });
});
