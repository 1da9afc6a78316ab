import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readModelRequest } from "./model-request.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const read = (path: string, body: unknown) =>
  readModelRequest(path.includes("messages") ? "anthropic" : "openai", path, bytes(body));
const messages = (...list: unknown[]) => ({ model: "m", stream: true, max_tokens: 1, messages: list });
const digest = (...list: unknown[]) => read("/v1/messages", messages(...list))?.digest;
const user = (content: unknown) => ({ role: "user", content });

describe("readModelRequest()", () => {
  it("knows the model endpoints, with a query too, and no other", () => {
    expect(read("/v1/messages?beta=true", messages())).toMatchObject({ model: "m", streamed: true, metered: true });
    expect(read("/v1/messages/count_tokens", { model: "m", messages: [] })).toMatchObject({
      metered: false,
      streamed: false,
    });
    expect(read("/v1/responses", { model: "g", input: "hi" })).toMatchObject({ model: "g", streamed: false });
    expect(read("/v1/models", { model: "g" })).toBeUndefined();
    expect(readModelRequest("openai", "/v1/messages", bytes(messages()))).toBeUndefined();
    expect(read("/v1/messages", { messages: [] })).toBeUndefined();
  });

  it("asks a streamed chat completion for its token use, and leaves other bodies as they are", () => {
    const ask = (body: object) => new TextDecoder().decode(read("/v1/chat/completions", body)?.body);
    const chat = { model: "g", messages: [], stream: true };
    expect(ask(chat)).toBe('{"stream_options":{"include_usage":true},"model":"g","messages":[],"stream":true}');
    expect(JSON.parse(ask({ ...chat, stream_options: { a: 1, include_usage: false } }))).toEqual({
      ...chat,
      stream_options: { a: 1, include_usage: true },
    });
    expect(ask({ ...chat, stream: false })).toBe(JSON.stringify({ ...chat, stream: false }));
    const asked = { ...chat, stream_options: { include_usage: true } };
    expect(ask(asked)).toBe(JSON.stringify(asked));
  });

  it("gives the same digest to two runs of one prompt", () => {
    const reminder = (date: string) => ({
      type: "text",
      text: `<system-reminder>\nToday is ${date}\n</system-reminder>\n`,
    });
    const run = (date: string, id: string, took: number, cached: boolean) =>
      digest(
        user([
          reminder(date),
          { type: "text", text: "mend it", ...(cached ? { cache_control: { type: "ephemeral" } } : {}) },
        ]),
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "...", signature: id },
            { type: "tool_use", id, name: "Bash", input: { command: "npm test" } },
          ],
        },
        user([
          {
            type: "tool_result",
            tool_use_id: id,
            content: `✖ adds (${took}ms)\nℹ duration_ms ${took * 3}\nat ${date}T10:00:00.123Z`,
          },
        ]),
      );
    expect(run("2026-01-01", "toolu_1", 0.5, true)).toBe(run("2027-12-31", "toolu_2", 12.25, false));
  });

  it("gives another digest to another prompt, tool input or tool result", () => {
    const call = (command: string) => ({
      role: "assistant",
      content: [{ type: "tool_use", id: "t", name: "Bash", input: { command } }],
    });
    const result = (text: string) => user([{ type: "tool_result", tool_use_id: "t", content: text }]);
    const digests = [
      digest(user("mend it")),
      digest(user("mend it by 2026-01-01")),
      digest(user("mend it by 2026-01-02")),
      digest(user("mend it"), call("ls")),
      digest(user("mend it"), call("ls -l")),
      digest(user("mend it"), call("ls"), result("pass 3")),
      digest(user("mend it"), call("ls"), result("pass 4")),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it("tells a side call from the main one by its tools and its format", () => {
    const plain = messages(user("hi"));
    const main = { ...plain, tools: [{ name: "Bash" }] };
    const title = { ...plain, output_config: { format: { type: "json_schema" } } };
    const digests = [plain, main, title, { ...plain, stream: false }].map((body) => read("/v1/messages", body)?.digest);
    expect(new Set(digests).size).toBe(4);
  });

  it("reads a conversation of the chat and the responses API", () => {
    const chat = read("/v1/chat/completions", {
      model: "g",
      messages: [
        { role: "system", content: "cwd /tmp/x" },
        { role: "user", content: "mend it" },
        {
          role: "assistant",
          tool_calls: [{ id: "c1", type: "function", function: { name: "bash", arguments: '{"command":"ls"}' } }],
        },
        { role: "tool", tool_call_id: "c1", content: "took 5ms" },
      ],
    });
    const responses = read("/v1/responses", {
      model: "g",
      instructions: "cwd /tmp/x",
      input: [
        { role: "user", content: [{ type: "input_text", text: "mend it" }] },
        { type: "reasoning", id: "rs_1", encrypted_content: "..." },
        { type: "function_call", id: "fc_1", call_id: "c1", name: "bash", arguments: '{"command":"ls"}' },
        { type: "function_call_output", call_id: "c1", output: "took 5ms" },
      ],
    });
    const expected = [
      { role: "user", parts: [{ text: "mend it" }] },
      { role: "assistant", parts: [{ tool: "bash", input: { command: "ls" } }] },
      { role: "tool", parts: [{ result: "took 5ms" }] },
    ];
    expect(chat?.conversation.messages).toEqual(expected);
    expect(responses?.conversation.messages).toEqual(expected);
  });

  it("does not fall over JSON that is nested deeply", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const body = `{"model":"m","stream":true,"stream_options":{"x":${deep}},"messages":[{"role":"user","content":[{"type":"x","y":${deep}}]}]}`;
    expect(readModelRequest("openai", "/v1/chat/completions", new TextEncoder().encode(body))?.model).toBe("m");
    expect(readModelRequest("anthropic", "/v1/messages", new TextEncoder().encode(body))?.model).toBe("m");
  });

  it("never throws, whatever the body", () => {
    const body = fc.oneof(
      fc.uint8Array(),
      fc
        .json()
        .map((json) => new TextEncoder().encode(`{"model":"m","messages":${json},"input":${json},"tools":${json}}`)),
      fc.json().map((json) => new TextEncoder().encode(`{"model":"m","messages":[{"role":"user","content":${json}}]}`)),
    );
    const path = fc.constantFrom("/v1/messages", "/v1/chat/completions", "/v1/responses");
    fc.assert(
      fc.property(body, path, (raw, at) => {
        readModelRequest("anthropic", at, raw);
        readModelRequest("openai", at, raw);
      }),
    );
  });
});
