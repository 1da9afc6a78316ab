import { describe, expect, it } from "vitest";
import type { Exchange } from "../spec/gate-protocol.ts";
import { printEventStream } from "./event-stream.ts";
import { readModelRequest } from "./model-request.ts";
import { readRecording } from "./recording-reader.ts";
import { createRecordingWriter, printRecordingHeader } from "./recording-writer.ts";
import { createReplayer } from "./replay.ts";

const header = {
  source: "scripted" as const,
  provider: "claude-code",
  cliVersion: "2.1.329",
  credentials: ["anthropic-api-key"],
  recordedAt: "2026-11-21T10:00:00.000Z",
};
const here = { workdir: "/home/me/shop", home: "/home/me", slug: "calm-eel-00001" };
const there = { workdir: '/srv/a "quoted" folder', home: "/root", slug: "kind-cod-00002" };

const user = (content: unknown) => ({ role: "user", content });
const call = (input: object, id: string) => ({
  role: "assistant",
  content: [{ type: "tool_use", id, name: "Edit", input }],
});
const result = (content: string, id: string) => user([{ type: "tool_result", tool_use_id: id, content }]);
const conversation = (places: typeof here, id: string, took: string) => [
  user("mend it"),
  call({ file_path: `${places.workdir}/src/a.js` }, id),
  result(
    `${places.workdir}/src/a.js updated (${took})\nsee /home/me2 and ${places.home}/x and: caisson policy allow ${places.slug}`,
    id,
  ),
];
const request = (messages: readonly unknown[]) => {
  const body = JSON.stringify({ model: "m", stream: true, messages, system: "date, cwd", metadata: { user_id: "me" } });
  const read = readModelRequest("anthropic", "/v1/messages", new TextEncoder().encode(body));
  if (!read) throw new Error("no model request");
  return read;
};
const answerFor = (path: string) => {
  const json = JSON.stringify({ file_path: path, text: "line\nline" });
  const delta = (partial_json: string) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "input_json_delta", partial_json },
  });
  const events = [
    { type: "message_start" },
    { type: "ping" },
    delta(json.slice(0, 20)),
    delta(json.slice(20)),
    { type: "message_stop" },
  ];
  return printEventStream(events.map((event) => ({ event: event.type, data: JSON.stringify(event) })));
};
const exchange = (messages: readonly unknown[], path: string): Exchange => {
  const { digest, conversation: body } = request(messages);
  return {
    route: "anthropic",
    model: "m",
    digest,
    request: { method: "POST", path: "/v1/messages", body },
    response: {
      status: 200,
      headers: { "content-type": "text/event-stream", "request-id": "r" },
      body: answerFor(path),
    },
  };
};
const record = () => {
  const write = createRecordingWriter(here);
  const messages = conversation(here, "toolu_1", "12ms");
  const lines = [messages.slice(0, 1), messages].map((list) => write(exchange(list, `${here.workdir}/src/a.js`)));
  return printRecordingHeader(header) + lines.join("");
};
const read = (text: string, places = there) => readRecording({ file: "x.jsonl", text }, places);

describe("a recording", () => {
  it("answers the same conversation in another folder, another home and another run", () => {
    const { header: found, exchanges } = read(record());
    expect(found).toMatchObject(header);
    const replayer = createReplayer(exchanges);
    const messages = conversation(there, "toolu_9", "3.5ms");
    const ask = (list: readonly unknown[]) =>
      replayer.answer({ route: "anthropic", model: "m", digest: request(list).digest });
    expect(ask(messages.slice(0, 1))).toBeDefined();
    const data = ask(messages)?.response.body.match(/^data: (.*input_json_delta.*)$/m)?.[1] ?? "{}";
    expect(JSON.parse(JSON.parse(data).delta.partial_json).file_path).toBe(`${there.workdir}/src/a.js`);
    expect(ask([user("mend something else")])).toBeUndefined();
  });

  it("names no place of the machine and writes only what is new", () => {
    const text = record();
    for (const place of [here.workdir, here.slug, "date, cwd", "user_id", "request-id"])
      expect(text).not.toContain(place);
    const second = JSON.parse(text.split("\n")[2] ?? "");
    expect(second.request.body).toMatchObject({
      continues: [1, 1],
      messages: [{ role: "assistant" }, { role: "user" }],
    });
    expect(second.response.body.match(/input_json_delta/g)).toHaveLength(1);
    expect(second.request.body.messages[1].parts[0].result).toContain(
      "see /home/me2 and {{caisson:home}}/x and: caisson policy allow {{caisson:slug}}",
    );
  });

  it("names the line that it cannot read", () => {
    const [first, second, third] = record().split("\n");
    const failing = (text: string) => {
      try {
        read(text);
      } catch (error) {
        return (error as Error).message;
      }
      return "read";
    };
    expect(failing("")).toBe('Cannot read recording "x.jsonl": line 1: the file is empty');
    expect(failing(`${first}\n\n{"route"`)).toBe('Cannot read recording "x.jsonl": line 3: this is not JSON');
    expect(failing(`${second}\n`)).toMatch(/line 1: caisson: /);
    expect(failing(`${first?.replace('"version":1', '"version":2')}\n`)).toMatch(/it has version 2/);
    expect(failing(`${first}\n${third}\n`)).toBe(
      'Cannot read recording "x.jsonl": line 2: continues a conversation that is not there',
    );
    expect(failing(`${first}\n${second?.replace('"status":200', '"status":"x"')}\n`)).toMatch(
      /line 2: response.status: /,
    );
  });
});
