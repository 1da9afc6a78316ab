import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClaudeCodeDecoder } from "./claude-code-stream.ts";
import { command } from "./command.ts";
import { createPiDecoder } from "./pi-stream.ts";
import type { Decoder } from "./provider.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const lines = (...objects: readonly unknown[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join("");
const decodeAll = (decoder: Decoder, chunks: readonly Uint8Array[]) => [
  ...chunks.flatMap((chunk) => decoder.decode(chunk)),
  ...decoder.end(),
];
const splitAt = (whole: Uint8Array, cuts: readonly number[]) => {
  const at = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => whole.subarray(from, at[i] ?? whole.length));
};

const claudeText = lines(
  { type: "system", subtype: "init", model: "m" },
  {
    type: "assistant",
    message: {
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "I will look \u2028 \u{1f600}" },
      ],
    },
  },
  { type: "assistant", message: { content: [{ type: "tool_use", id: "t1", name: "Bash", input: { command: "ls" } }] } },
  {
    type: "user",
    message: { content: [{ type: "tool_result", tool_use_id: "t1", content: "a.js", is_error: false }] },
  },
  {
    type: "user",
    message: {
      content: [{ type: "tool_result", tool_use_id: "t2", content: [{ type: "text", text: "no" }], is_error: true }],
    },
  },
  { type: "result", subtype: "success", is_error: false, result: "Done." },
);
const claudeEvents = [
  { event: "text_produced", text: "I will look \u2028 \u{1f600}" },
  { event: "tool_started", id: "t1", tool: "Bash", input: { command: "ls" } },
  { event: "tool_completed", id: "t1", ok: true, output: "a.js" },
  { event: "tool_completed", id: "t2", ok: false, output: "no" },
  { event: "result_reported", ok: true, text: "Done." },
];
const said = (text: string, rest: object = {}) => ({
  type: "message_end",
  message: { role: "assistant", content: [{ type: "text", text }], ...rest },
});
const piText = lines(
  { type: "session", version: 3 },
  { type: "message_end", message: { role: "user", content: [{ type: "text", text: "mend it" }] } },
  { type: "message_update", assistantMessageEvent: { type: "text_delta", delta: "I" } },
  said("I will look", { stopReason: "toolUse" }),
  { type: "tool_execution_start", toolCallId: "t1", toolName: "bash", args: { command: "ls" } },
  {
    type: "tool_execution_end",
    toolCallId: "t1",
    toolName: "bash",
    result: { content: [{ type: "text", text: "a.js" }] },
    isError: false,
  },
  said("Done.", { stopReason: "stop" }),
  { type: "agent_end", willRetry: false },
  { type: "agent_settled" },
);
const piEvents = [
  { event: "text_produced", text: "I will look" },
  { event: "tool_started", id: "t1", tool: "bash", input: { command: "ls" } },
  { event: "tool_completed", id: "t1", ok: true, output: "a.js" },
  { event: "text_produced", text: "Done." },
  { event: "result_reported", ok: true, text: "Done." },
];
const streams: readonly (readonly [string, () => Decoder, string, readonly object[]])[] = [
  ["claude-code", createClaudeCodeDecoder, claudeText, claudeEvents],
  ["pi", createPiDecoder, piText, piEvents],
];

describe.each(streams)("the decoder of %s", (_, create, text, expected) => {
  it("turns the stream into events, in any split", () => {
    expect(decodeAll(create(), [encode(text)])).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(4000), { maxLength: 20 }), (cuts) => {
        expect(decodeAll(create(), splitAt(encode(text), cuts))).toEqual(expected);
      }),
    );
  });

  it("never throws, whatever the bytes", () => {
    const shaped = fc
      .json()
      .map((json) => `{"type":"assistant","message":{"role":"assistant","content":[${json}]},"result":${json}}\n`);
    const typed = fc
      .tuple(fc.constantFrom("user", "result", "message_end", "tool_execution_end", "agent_settled"), fc.json())
      .map(([type, json]) => `{"type":"${type}","message":${json},"toolCallId":${json},"result":${json}}\n`);
    const hostile = fc.oneof(fc.uint8Array(), shaped.map(encode), typed.map(encode));
    fc.assert(fc.property(fc.array(hostile), (chunks) => void decodeAll(create(), chunks)));
  });

  it("passes what is no JSON as output, and leaves out a line that is too long", () => {
    expect(decodeAll(create(), [encode("warning: x\nlast")])).toEqual([
      { event: "output_produced", stream: "stdout", text: "warning: x\n" },
      { event: "output_produced", stream: "stdout", text: "last\n" },
    ]);
    const long = encode(`{"a":"${"x".repeat(2 * 1024 ** 2)}"}\n${text}`);
    expect(decodeAll(create(), [long])).toEqual([
      { event: "error_reported", message: expect.stringMatching(/over 1 MiB/) },
      ...expected,
    ]);
  });
});

describe("the decoder of claude-code", () => {
  it("reports a run that failed", () => {
    const failed = lines({ type: "result", subtype: "error_during_execution", is_error: true, errors: ["boom"] });
    expect(decodeAll(createClaudeCodeDecoder(), [encode(failed)])).toEqual([
      { event: "result_reported", ok: false, text: "boom" },
    ]);
  });
});

describe("the decoder of pi", () => {
  it("reports an error of the model, and a stream that was cut", () => {
    const failed = lines({
      type: "message_end",
      message: { role: "assistant", content: [], stopReason: "error", errorMessage: "400 no" },
    });
    expect(decodeAll(createPiDecoder(), [encode(failed)])).toEqual([
      { event: "error_reported", message: "400 no" },
      { event: "result_reported", ok: false, text: "400 no" },
    ]);
  });
});

describe("the decoder of a command", () => {
  it("passes the output on, whole characters only", () => {
    const bytes = encode("h\u00e9\n");
    expect(
      decodeAll(command.decoder(), [bytes.subarray(0, 2), bytes.subarray(2)])
        .map((event) => "text" in event && event.text)
        .join(""),
    ).toBe("h\u00e9\n");
  });
});
