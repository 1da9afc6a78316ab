import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heldBytes } from "../../test/kit/held-bytes.ts";
import { RunEvent } from "../spec/events.ts";
import { createClaudeCodeDecoder } from "./claude-code-stream.ts";
import { createCodexDecoder } from "./codex-stream.ts";
import { command } from "./command.ts";
import { createCopilotDecoder } from "./copilot-stream.ts";
import { createOpencodeDecoder } from "./opencode-stream.ts";
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
  { type: "system", subtype: "api_retry", attempt: 1, max_retries: 10, error_status: 529, error: "overloaded" },
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
  { event: "error_reported", message: "529 overloaded: tried again, 1 of 10" },
  { event: "thought_produced", text: "hm" },
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
  { type: "session", version: 3, id: "01a1" },
  { type: "message_end", message: { role: "user", content: [{ type: "text", text: "mend it" }] } },
  { type: "message_update", assistantMessageEvent: { type: "text_delta", delta: "I" } },
  {
    type: "message_end",
    message: {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "I will look" },
      ],
    },
  },
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
  { event: "conversation_opened", conversation: "01a1", resumed: false },
  { event: "thought_produced", text: "hm" },
  { event: "text_produced", text: "I will look" },
  { event: "tool_started", id: "t1", tool: "bash", input: { command: "ls" } },
  { event: "tool_completed", id: "t1", ok: true, output: "a.js" },
  { event: "text_produced", text: "Done." },
  { event: "result_reported", ok: true, text: "Done." },
];
const codexCommand = (id: string, rest: object) => ({
  id,
  type: "command_execution",
  command: "ls",
  aggregated_output: "",
  exit_code: null,
  status: "in_progress",
  ...rest,
});
const codexText = lines(
  { type: "thread.started", thread_id: "t" },
  { type: "turn.started" },
  { type: "item.completed", item: { id: "i0", type: "reasoning", text: "hm" } },
  { type: "item.completed", item: { id: "i1", type: "agent_message", text: "I will look." } },
  { type: "item.started", item: codexCommand("i2", {}) },
  {
    type: "item.completed",
    item: codexCommand("i2", { aggregated_output: "a.js", exit_code: 0, status: "completed" }),
  },
  { type: "item.completed", item: codexCommand("i3", { aggregated_output: "no", exit_code: 1, status: "failed" }) },
  { type: "item.completed", item: { id: "i4", type: "file_change", changes: [{ path: "a.js" }], status: "completed" } },
  { type: "item.completed", item: { id: "i5", type: "agent_message", text: "Done." } },
  { type: "turn.completed", usage: {} },
);
const codexEvents = [
  { event: "conversation_opened", conversation: "t", resumed: false },
  { event: "thought_produced", text: "hm" },
  { event: "text_produced", text: "I will look." },
  { event: "tool_started", id: "i2", tool: "shell", input: { command: "ls" } },
  { event: "tool_completed", id: "i2", ok: true, output: "a.js" },
  { event: "tool_started", id: "i3", tool: "shell", input: { command: "ls" } },
  { event: "tool_completed", id: "i3", ok: false, output: "no" },
  { event: "tool_started", id: "i4", tool: "apply_patch", input: { changes: [{ path: "a.js" }] } },
  { event: "tool_completed", id: "i4", ok: true, output: "" },
  { event: "text_produced", text: "Done." },
  { event: "result_reported", ok: true, text: "Done." },
];
const copilotText = lines(
  { type: "session.tools_updated", data: {}, ephemeral: true },
  { type: "assistant.message_delta", data: { deltaContent: "I" }, ephemeral: true },
  { type: "model.call_failure", data: { statusCode: 529, errorMessage: "Overloaded" }, ephemeral: true },
  {
    type: "assistant.message",
    data: { content: "I will look.", reasoningText: "hm", toolRequests: [{ toolCallId: "t1" }] },
  },
  { type: "tool.execution_start", data: { toolCallId: "t1", toolName: "bash", arguments: { command: "ls" } } },
  { type: "tool.execution_complete", data: { toolCallId: "t1", success: true, result: { content: "a.js" } } },
  { type: "assistant.message", data: { content: "", toolRequests: [{ toolCallId: "t2" }] } },
  { type: "tool.execution_start", data: { toolCallId: "t2", toolName: "view", arguments: { path: "b" } } },
  { type: "tool.execution_complete", data: { toolCallId: "t2", success: false, error: { message: "no" } } },
  { type: "assistant.message", data: { content: "Done." } },
  { type: "result", exitCode: 0 },
);
const copilotEvents = [
  { event: "error_reported", message: "the model did not answer: 529 Overloaded" },
  { event: "thought_produced", text: "hm" },
  { event: "text_produced", text: "I will look." },
  { event: "tool_started", id: "t1", tool: "bash", input: { command: "ls" } },
  { event: "tool_completed", id: "t1", ok: true, output: "a.js" },
  { event: "tool_started", id: "t2", tool: "view", input: { path: "b" } },
  { event: "tool_completed", id: "t2", ok: false, output: "no" },
  { event: "text_produced", text: "Done." },
  { event: "result_reported", ok: true, text: "Done." },
];
const opencodeTool = (callID: string, state: object) => ({
  type: "tool_use",
  part: { type: "tool", tool: "bash", callID, state: { status: "completed", input: { command: "ls" }, ...state } },
});
const opencodeText = lines(
  { type: "step_start", part: { type: "step-start" } },
  { type: "reasoning", part: { type: "reasoning", text: "hm" } },
  { type: "text", part: { type: "text", text: "I will look." } },
  opencodeTool("t1", { output: "a.js", metadata: { exit: 0 } }),
  opencodeTool("t2", { status: "error", error: "no" }),
  { type: "step_finish", part: { reason: "tool-calls" } },
  { type: "text", part: { type: "text", text: "Done." } },
);
const opencodeEvents = [
  { event: "thought_produced", text: "hm" },
  { event: "text_produced", text: "I will look." },
  { event: "tool_started", id: "t1", tool: "bash", input: { command: "ls" } },
  { event: "tool_completed", id: "t1", ok: true, output: "a.js" },
  { event: "tool_started", id: "t2", tool: "bash", input: { command: "ls" } },
  { event: "tool_completed", id: "t2", ok: false, output: "no" },
  { event: "text_produced", text: "Done." },
  { event: "result_reported", ok: true, text: "Done." },
];
const streams: readonly (readonly [string, () => Decoder, string, readonly object[]])[] = [
  ["claude-code", createClaudeCodeDecoder, claudeText, claudeEvents],
  ["pi", createPiDecoder, piText, piEvents],
  ["codex", createCodexDecoder, codexText, codexEvents],
  ["copilot", createCopilotDecoder, copilotText, copilotEvents],
  ["opencode", createOpencodeDecoder, opencodeText, opencodeEvents],
];
/** Every name that a decoder knows in its stream: hostile values are put below them. */
const known = [
  ...["user", "result", "message_end", "tool_execution_end", "agent_settled", "error", "text", "tool_use"],
  ...["item.started", "item.completed", "turn.completed", "turn.failed"],
  ...["assistant.message", "tool.execution_start", "tool.execution_complete", "session.error"],
];
/** What was made to break readers, below every name that a decoder knows. */
const hostileValues = [
  '"\\u001b[2J\\u001b]0;title\\u0007\\u009b31m"',
  '"\\ud800 alone \\udc00"',
  '"\\u0000"',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,"valueOf":1}',
  '{"toString":null,"length":-1,"type":{"toString":1}}',
  "1e999",
  "-0",
  `${"[".repeat(150)}${"]".repeat(150)}`,
  `${'{"a":'.repeat(250)}1${"}".repeat(250)}`,
  '"\u2028\u2029"',
];
const itemTypes = ["agent_message", "command_execution", "file_change", "mcp_tool_call", "web_search", "error"];

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
      .tuple(fc.constantFrom(...known), fc.constantFrom(...itemTypes), fc.json())
      .map(([type, item, json]) => {
        const fields = ["message", "toolCallId", "result", "data", "part", "error"].map((name) => `"${name}":${json}`);
        const inner = ["id", "text", "command", "aggregated_output", "server", "error", "result"];
        const itemFields = inner.map((name) => `"${name}":${json}`);
        return `{"type":"${type}","item":{"type":"${item}",${itemFields.join()}},${fields.join()}}\n`;
      });
    const nested = fc
      .tuple(fc.constantFrom(...known), fc.json())
      .map(
        ([type, json]) =>
          `{"type":"${type}","data":{"result":${json},"content":${json},"error":${json}},"part":{"state":${json},"text":${json}},"error":{"data":${json}}}\n`,
      );
    const hostile = fc.oneof(fc.uint8Array(), shaped.map(encode), typed.map(encode), nested.map(encode));
    const cut = fc.tuple(fc.array(hostile), fc.array(fc.nat(10_000), { maxLength: 5 }));
    fc.assert(
      fc.property(cut, ([chunks, cuts]) => {
        const events = decodeAll(create(), splitAt(Buffer.concat(chunks), cuts));
        for (const event of events) RunEvent.parse({ ts: "2026-01-01T00:00:00Z", seq: 1, agent: "a", ...event });
      }),
    );
  });

  it("never throws for what was made to break it, told twice and interleaved, cut within a character", () => {
    const fields = [
      "message",
      "item",
      "data",
      "part",
      "result",
      "error",
      "toolCallId",
      "id",
      "content",
      "text",
      "subtype",
    ];
    const poisoned = fc
      .tuple(
        fc.constantFrom(...known, "assistant", "system", "session", "thread.started"),
        fc.constantFrom(...hostileValues),
      )
      .map(([type, value]) => {
        const inner = fields
          .map((name) => `"${name}":{"role":"assistant","id":${value},"text":${value},"content":[${value},{"text":1}]}`)
          .join();
        return `{"type":"${type}",${inner}}\n`;
      });
    const real = fc.constantFrom(...text.split("\n").map((line) => `${line}\n`));
    const broken = fc
      .constantFrom("\xff\xfe\n", "\xc3", "\xf0\x9f", "\x1b[2J\n", "\0\0\n")
      .map((raw) => Buffer.from(raw, "latin1"));
    const piece = fc.oneof(poisoned.map(encode), real.map(encode), broken);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat(100_000), { maxLength: 8 }), (chunks, cuts) => {
        // Each piece twice, the second time somewhere else.
        const twice = [...chunks, ...chunks.toReversed()];
        for (const event of decodeAll(create(), splitAt(Buffer.concat(twice), cuts))) {
          RunEvent.parse({ ts: "2026-01-01T00:00:00Z", seq: 1, agent: "a", ...event });
          expect(() => JSON.stringify(event)).not.toThrow();
        }
        expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
      }),
    );
  });

  it("holds no more than a line of what has no end", () => {
    const decoder = create();
    const chunk = encode("x".repeat(1024 ** 2));
    const before = heldBytes();
    for (let n = 0; n < 64; n++) decoder.decode(chunk);
    expect(heldBytes() - before).toBeLessThan(32 * 1024 ** 2);
  });

  it("passes what is no JSON as output, and leaves out a line that is too long", () => {
    expect(decodeAll(create(), [encode("warning: x\nlast")])).toEqual([
      { event: "output_produced", stream: "stdout", text: "warning: x\n" },
      { event: "output_produced", stream: "stdout", text: "last\n" },
    ]);
    const deep = `{"type":"result","a":${"[".repeat(500)}${"]".repeat(500)}}\n`;
    expect(decodeAll(create(), [encode(deep)])).toEqual([{ event: "output_produced", stream: "stdout", text: deep }]);
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

describe.each([
  [
    "codex",
    createCodexDecoder,
    { type: "turn.failed", error: { message: "400 no" } },
    [{ event: "result_reported", ok: false, text: "400 no" }],
  ],
  [
    "copilot",
    createCopilotDecoder,
    { type: "session.error", data: { message: "400 no" } },
    [{ event: "error_reported", message: "400 no" }],
  ],
  [
    "copilot",
    createCopilotDecoder,
    { type: "result", exitCode: 1 },
    [{ event: "result_reported", ok: false, text: "" }],
  ],
  [
    "opencode",
    createOpencodeDecoder,
    { type: "error", error: { name: "APIError", data: { message: "400 no" } } },
    [
      { event: "error_reported", message: "400 no" },
      { event: "result_reported", ok: false, text: "400 no" },
    ],
  ],
] as const)("the decoder of %s", (_, create, said, expected) => {
  it("reports a failure", () => {
    expect(decodeAll(create(), [encode(lines(said))])).toEqual(expected);
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
