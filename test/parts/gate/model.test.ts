import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Exchange } from "../../../src/spec/gate-protocol.ts";
import { GateWorld } from "../../kit/gate-world.ts";

const placeholder = "sk-ant-caisson-00112233445566778899aabbccddeeff";
const credentials = [{ name: "anthropic", placeholder }];
const bodyOf = (text: string) =>
  JSON.stringify({ model: "claude-x", max_tokens: 5, messages: [{ role: "user", content: text }] });
const answer = { id: "m", model: "claude-x", content: [], usage: { input_tokens: 12, output_tokens: 3 } };
const sse = [
  `event: message_start\ndata: {"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":12,"output_tokens":1}}}`,
  `event: message_delta\ndata: {"type":"message_delta","delta":{},"usage":{"output_tokens":7}}`,
  "event: message_stop\ndata: {}\n\n",
].join("\n\n");

async function modelWorld(
  model: "live" | "record" | "replay",
  replay?: Exchange[],
  api: "anthropic" | "openai" = "anthropic",
) {
  const world = new GateWorld();
  const bodies: string[] = [];
  const upstream = await world.upstream("api.example", (request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      bodies.push(body);
      if (body.includes('"stream":true')) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const piece of sse.match(/.{1,30}/gs) ?? []) response.write(piece);
        response.end();
      } else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  const route = upstream.route({
    name: "model",
    model: api,
    credential: { name: "anthropic", inject: [{ as: "header", name: "x-api-key" }] },
  });
  await world.configure({ routes: [route], credentials, model }, replay ? { replay } : {});
  if (model !== "replay") world.credential("anthropic", "sk-ant-real-0123456789abcdef");
  return { world, upstream, bodies };
}

const post = (world: GateWorld, body: string | Buffer, headers: string[] = []) =>
  world.ask("api.example", "POST /v1/messages", { body, headers: [`x-api-key: ${placeholder}`, ...headers] });

describe("token use of a model API", () => {
  it("is told for a whole answer and for a stream", async () => {
    const { world } = await modelWorld("live");
    await using _ = world;
    expect(JSON.parse((await post(world, bodyOf("a"))).body)).toEqual(answer);
    const streamed = bodyOf("a").replace("{", '{"stream":true,');
    expect((await post(world, streamed)).body).toBe(sse);
    const usage = { type: "usage", sandbox: world.id, route: "model", model: "claude-x", inputTokens: 12 };
    expect(world.all("usage")).toEqual([
      { ...usage, outputTokens: 3, cacheReadTokens: 0, cacheWriteTokens: 0 },
      { ...usage, outputTokens: 7, cacheReadTokens: 0, cacheWriteTokens: 0 },
    ]);
  });

  it("is asked for where the API would not tell it", async () => {
    const { world, bodies } = await modelWorld("live", undefined, "openai");
    await using _ = world;
    const body = '{"model":"gpt-x","stream":true,"messages":[]}';
    await world.ask("api.example", "POST /v1/chat/completions", { body });
    expect(JSON.parse(bodies[0] ?? "")).toEqual({ ...JSON.parse(body), stream_options: { include_usage: true } });
  });
});

describe("must-have 29, in what the agent tells its model", () => {
  it.each([
    ["as it is", `env: ANTHROPIC_API_KEY=${placeholder}`],
    ["in base64", Buffer.from(`key ${placeholder}`).toString("base64")],
    ["twice", `${placeholder} ${placeholder}`],
  ])("a placeholder %s is taken out, and the turn goes on", async (_, text) => {
    const { world, bodies } = await modelWorld("live");
    await using __ = world;
    expect((await post(world, bodyOf(text))).status).toBe(200);
    expect(bodies[0]).toContain("[redacted credential anthropic]");
    expect(bodies[0]).not.toContain(placeholder);
    expect(JSON.parse(bodies[0] ?? "")).toMatchObject({ model: "claude-x" });
    expect(world.all("sighting")).toMatchObject([{ credential: "anthropic", action: "redacted", where: "body" }]);
    expect(world.decisions).toMatchObject([{ verdict: "redact", rule: "model", status: 200 }]);
  });

  it("is taken out of a compressed body too", async () => {
    const { world, bodies, upstream } = await modelWorld("live");
    await using _ = world;
    expect((await post(world, gzipSync(bodyOf(placeholder)), ["Content-Encoding: gzip"])).status).toBe(200);
    expect(bodies[0]).toContain("[redacted credential anthropic]");
    expect(upstream.requests[0]?.headers).not.toHaveProperty("content-encoding");
  });

  it("elsewhere in the request it is blocked all the same", async () => {
    const { world, bodies } = await modelWorld("live");
    await using _ = world;
    expect(await world.ask("api.example", `POST /v1/messages?a=${placeholder}`, { body: bodyOf("a") })).toMatchObject({
      status: 403,
      rule: "placeholder",
    });
    expect(bodies).toEqual([]);
  });

  it("refuses a request over its bound, in the API's own words", async () => {
    const { world, bodies } = await modelWorld("live");
    await using _ = world;
    const refused = await post(world, bodyOf("x".repeat(33 * 1024 ** 2)));
    expect(refused).toMatchObject({ status: 413, rule: "model-body" });
    expect(JSON.parse(refused.body)).toMatchObject({
      type: "error",
      error: { message: expect.stringContaining("caisson: refused") },
    });
    expect(bodies).toEqual([]);
  });
});

describe("record and replay", () => {
  it("records what was said, without a credential, and answers from it without an upstream", async () => {
    const recorder = await modelWorld("record");
    await using recording = recorder.world;
    await post(recording, bodyOf("first"));
    await post(recording, bodyOf(`second ${placeholder}`));
    await post(recording, bodyOf("first").replace("{", '{"stream":true,'));
    const exchanges = recording.all("exchange").map(({ exchange }) => exchange);
    expect(exchanges).toHaveLength(3);
    const text = JSON.stringify(exchanges);
    expect(text).not.toContain(placeholder);
    expect(text).not.toContain("sk-ant-real");
    expect(exchanges[2]?.response).toMatchObject({ status: 200, body: sse });

    const player = await modelWorld("replay", exchanges);
    await using playing = player.world;
    const other = "sk-ant-caisson-another-placeholder-0011223344";
    await playing.configure({
      routes: [
        player.upstream.route({
          name: "model",
          model: "anthropic",
          credential: { name: "anthropic", inject: [{ as: "bearer" }] },
        }),
      ],
      credentials: [{ name: "anthropic", placeholder: other }],
      model: "replay",
    });
    expect(JSON.parse((await post(playing, bodyOf("first"))).body)).toEqual(answer);
    expect((await post(playing, bodyOf(`second ${other}`), [`x-api-key: ${other}`])).status).toBe(200);
    expect(player.bodies).toEqual([]);
    expect(playing.asked).toEqual([]);
  });

  it("fails a miss clearly, so that no client tries again", async () => {
    const { world, bodies } = await modelWorld("replay", []);
    await using _ = world;
    const missed = await post(world, bodyOf("new"));
    expect(missed.status).toBe(410);
    expect(missed.head).toContain("x-should-retry: false");
    expect(JSON.parse(missed.body)).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
    expect(await world.ask("api.example", "GET /v1/models")).toMatchObject({ status: 410 });
    // What is no request to a model is answered likewise, but no prompt was missed.
    expect(world.all("missed")).toMatchObject([{ route: "model", model: "claude-x" }]);
    expect(bodies).toEqual([]);
  });
});
