import { describe, expect, it } from "vitest";
import { coalesceStream } from "../../../src/model/coalesce-stream.ts";
import { createMeter } from "../../../src/model/meter.ts";
import { readModelRequest } from "../../../src/model/model-request.ts";
import { startModelEndpoint } from "../../kit/model-endpoint.ts";

const turns = [
  { text: "I will look at both of them.", tools: [{ use: "shell", command: "cat a.js b.js # a\u2028b" }] },
] as const;
const schema = { type: "object", properties: { command: { type: "string" } } };
const apis = [
  [
    "anthropic",
    "/v1/messages",
    { messages: [{ role: "user", content: "look" }], tools: [{ name: "Bash", input_schema: schema }] },
  ],
  [
    "openai",
    "/v1/chat/completions",
    {
      messages: [{ role: "user", content: "look" }],
      tools: [{ type: "function", function: { name: "bash", parameters: schema } }],
    },
  ],
  ["openai", "/v1/responses", { input: "look", tools: [{ type: "function", name: "bash", parameters: schema }] }],
] as const;
const forms = apis.flatMap(([api, path, body]) => [
  { api, path, body, streamed: false },
  { api, path, body, streamed: true },
]);

describe("the scripted model", () => {
  it.each(forms)(
    "$path, streamed: $streamed, says text, tool use and token use as the real one does",
    async ({ api, path, body, streamed }) => {
      await using endpoint = await startModelEndpoint({ turns });
      const sent = new TextEncoder().encode(JSON.stringify({ ...body, model: "m", stream: streamed }));
      const asked = readModelRequest(api, path, sent);
      expect(asked).toMatchObject({ model: "m", streamed });
      const answer = await fetch(endpoint.url + path, { method: "POST", body: asked?.body ?? "" });
      const type = answer.headers.get("content-type") ?? "";
      expect(type.startsWith("text/event-stream")).toBe(streamed);
      const text = await answer.text();
      const meter = createMeter(api, type);
      meter.write(new TextEncoder().encode(text));
      expect(meter.end()).toMatchObject({ model: "m", usage: { outputTokens: expect.any(Number) } });
      // Joined or whole, the words and the tool's input are in one piece.
      const readable = streamed ? coalesceStream(text) : text;
      expect(readable).toContain("I will look at both of them.");
      expect(readable).toMatch(/cat a\.js b\.js # a\u2028b/);
    },
  );

  it("answers a side call, a token count, the list of models, and 529 when it is told to be busy", async () => {
    await using endpoint = await startModelEndpoint({ turns, refuseFirst: 1 });
    const post = (path: string, body: object) =>
      fetch(endpoint.url + path, { method: "POST", body: JSON.stringify(body) });
    const title = {
      model: "m",
      messages: [{ role: "user", content: "name it" }],
      output_config: { format: { type: "json_schema" } },
    };
    expect((await post("/v1/messages", title)).status).toBe(529);
    const message = (await (await post("/v1/messages", title)).json()) as { content: { text: string }[] };
    expect(JSON.parse(message.content[0]?.text ?? "")).toHaveProperty("title");
    expect(await (await post("/v1/messages/count_tokens", title)).json()).toEqual({ input_tokens: expect.any(Number) });
    expect(await (await fetch(`${endpoint.url}/v1/models`)).json()).toHaveProperty("data");
    expect(endpoint.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/messages",
      "POST /v1/messages",
      "POST /v1/messages/count_tokens",
      "GET /v1/models",
    ]);
  });
});
