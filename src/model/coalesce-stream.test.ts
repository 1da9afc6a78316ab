import { describe, expect, it } from "vitest";
import { coalesceStream } from "./coalesce-stream.ts";
import { parseEventStream, printEventStream } from "./event-stream.ts";

const stream = (events: readonly unknown[]) =>
  printEventStream(events.map((event) => ({ data: typeof event === "string" ? event : JSON.stringify(event) })));
const coalesced = (events: readonly unknown[]) => {
  const read = (data: string) => (data.startsWith("{") ? JSON.parse(data) : data);
  return parseEventStream(coalesceStream(stream(events))).map(({ data }) => read(data));
};

describe("coalesceStream()", () => {
  it("joins the deltas of one block, and of no two", () => {
    const delta = (index: number, text: string) => ({
      type: "content_block_delta",
      index,
      delta: { type: "text_delta", text },
    });
    expect(
      coalesced([delta(0, "a"), { type: "ping" }, delta(0, "b"), delta(1, "c"), { type: "message_stop" }]),
    ).toEqual([delta(0, "ab"), delta(1, "c"), { type: "message_stop" }]);
  });

  it("joins chunks of chat completions", () => {
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      id: "c",
      choices: [{ index: 0, delta, finish_reason }],
    });
    const call = (piece: string) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] });
    const start = chunk({ tool_calls: [{ index: 0, id: "x", function: { name: "bash", arguments: "" } }] });
    const end = chunk({}, "tool_calls");
    const events = [chunk({ content: "a" }), chunk({ content: "b" }), start, call('{"a'), call('":1}'), end, "[DONE]"];
    expect(coalesced(events)).toEqual([chunk({ content: "ab" }), start, call('{"a":1}'), end, "[DONE]"]);
  });

  it("joins deltas of the responses API", () => {
    const delta = (piece: string, n: number) => ({
      type: "response.output_text.delta",
      item_id: "m",
      content_index: 0,
      delta: piece,
      sequence_number: n,
    });
    expect(coalesced([delta("a", 1), delta("b", 2)])).toEqual([delta("ab", 1)]);
  });

  it("leaves a stream that it does not know as it is", () => {
    const text = "event: x\ndata: one\u2028more\ndata: two\n\ndata: {\n\n";
    expect(coalesceStream(text)).toBe(text);
  });
});
