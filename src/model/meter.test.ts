import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelApi } from "../spec/policy.ts";
import { createMeter } from "./meter.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const measure = (api: ModelApi, contentType: string, chunks: readonly Uint8Array[]) => {
  const meter = createMeter(api, contentType);
  for (const chunk of chunks) meter.write(chunk);
  return meter.end();
};
const splitAt = (whole: Uint8Array, cuts: readonly number[]) => {
  const at = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => whole.subarray(from, at[i] ?? whole.length));
};

const anthropicStream = [
  'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":25,"cache_read_input_tokens":100,"cache_creation_input_tokens":7,"output_tokens":1}}}',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h\u00e9llo \u2028 \u{1f600}"}}',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15,"input_tokens":null}}',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
].join("\n\n");
const chatStream = [
  'data: {"object":"chat.completion.chunk","model":"gpt-x","choices":[{"index":0,"delta":{"content":"hi"}}],"usage":null}',
  'data: {"object":"chat.completion.chunk","model":"gpt-x","choices":[],"usage":{"prompt_tokens":50,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":20}}}',
  "data: [DONE]\n\n",
].join("\n\n");
const responsesStream = [
  'event: response.created\ndata: {"type":"response.created","response":{"model":"gpt-y","usage":null}}',
  'event: response.completed\ndata: {"type":"response.completed","response":{"model":"gpt-y","usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":2},"output_tokens":3}}}\n\n',
].join("\n\n");
const use = (inputTokens: number, outputTokens: number, cacheReadTokens = 0, cacheWriteTokens = 0) => ({
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheWriteTokens,
});
const streams: readonly (readonly [string, ModelApi, string, object])[] = [
  ["anthropic", "anthropic", anthropicStream, { model: "claude-x", usage: use(25, 15, 100, 7) }],
  ["chat completions", "openai", chatStream, { model: "gpt-x", usage: use(30, 4, 20) }],
  ["responses", "openai", responsesStream, { model: "gpt-y", usage: use(7, 3, 2) }],
];

describe("createMeter()", () => {
  it.each(streams)("reads a stream of %s, LF or CRLF, in any split", (_, api, text, expected) => {
    fc.assert(
      fc.property(fc.array(fc.nat(4000), { maxLength: 12 }), fc.boolean(), (cuts, crlf) => {
        const whole = bytes(crlf ? text.replaceAll("\n", "\r\n") : text);
        expect(measure(api, "text/event-stream; charset=utf-8", splitAt(whole, cuts))).toEqual(expected);
      }),
    );
  });

  it("reads JSON bodies of the three APIs", () => {
    const anthropic = '{"model":"claude-x","usage":{"input_tokens":3,"output_tokens":4}}';
    const chat = '{"model":"gpt-x","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}}';
    const responses = '{"model":"gpt-y","output":[],"usage":{"input_tokens":7,"output_tokens":8}}';
    expect(measure("anthropic", "application/json", [bytes(anthropic)])?.usage).toEqual(use(3, 4));
    expect(measure("openai", "application/json", [bytes(chat)])?.usage).toEqual(use(5, 6));
    expect(measure("openai", "application/json", [bytes(responses)])?.usage).toEqual(use(7, 8));
  });

  it("keeps what was stated when a stream is cut", () => {
    const cut = bytes(anthropicStream.slice(0, anthropicStream.indexOf("event: message_delta")));
    expect(measure("anthropic", "text/event-stream", [cut])?.usage).toEqual(use(25, 1, 100, 7));
  });

  it("says nothing of an answer that states no use", () => {
    const error = '{"type":"error","error":{"type":"overloaded_error","message":"x"}}';
    expect(measure("anthropic", "application/json", [bytes(error)])).toBeUndefined();
    expect(measure("openai", "text/html", [bytes("<html>")])).toBeUndefined();
  });

  it("reads the counts at the end of a body that is too long to keep", () => {
    const long = "x".repeat(3 * 1024 ** 2);
    const body = `{"model":"gpt-y","output":["${long}"],"usage":{"input_tokens":70,"input_tokens_details":{"cached_tokens":60},"output_tokens":8},"user":null}`;
    const expected = { model: "gpt-y", usage: use(10, 8, 60) };
    expect(measure("openai", "application/json", [bytes(body)])).toEqual(expected);
    const event = `event: response.completed\ndata: {"type":"response.completed","response":${body}}\n\n`;
    const chunks = event.match(/[\s\S]{1,65536}/g)?.map(bytes) ?? [];
    expect(measure("openai", "text/event-stream", chunks)).toEqual(expected);
  });

  it("never throws, whatever the bytes", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((json) => bytes(`data: ${json}\n\n`)),
      fc
        .anything()
        .map((value) => bytes(`data: {"usage":${JSON.stringify(value)},"message":{"usage":{"input_tokens":-1}}}\n`)),
    );
    const type = fc.constantFrom("text/event-stream", "application/json", "");
    fc.assert(
      fc.property(
        fc.array(hostile),
        type,
        fc.constantFrom("anthropic" as const, "openai" as const),
        (chunks, contentType, api) => {
          measure(api, contentType, chunks);
        },
      ),
    );
  });
});
