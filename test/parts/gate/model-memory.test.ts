import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { GateWorld } from "../../kit/gate-world.ts";

const kilobyte = 1024;
const bodyOf = (bytes: number) =>
  JSON.stringify({ model: "claude-x", max_tokens: 5, messages: [{ role: "user", content: "x".repeat(bytes) }] });

/** A gate with room for a megabyte of model requests, and a model that answers when it is told to. */
async function slowModel() {
  const world = new GateWorld({ heldBytes: 1024 * kilobyte });
  const asked: ServerResponse[] = [];
  const upstream = await world.upstream("api.example", (request, response) => {
    request.resume().on("end", () => asked.push(response));
  });
  await world.configure({ routes: [upstream.route({ name: "model", model: "anthropic" })], model: "live" });
  const post = (body: string | Buffer, headers: string[] = []) =>
    world.ask("api.example", "POST /v1/messages", { body, headers });
  const answer = () => asked.splice(0).forEach((response) => void response.end("{}"));
  return { world, asked, post, answer };
}

it("a sandbox's model requests hold no more than their share, and one that finds no room may be sent again", async () => {
  const { world, asked, post, answer } = await slowModel();
  await using _ = world;
  const body = bodyOf(400 * kilobyte);
  const first = [post(body), post(body)];
  await expect.poll(() => asked.length).toBe(2);

  const refused = await post(body);
  expect(refused).toMatchObject({ status: 503, rule: "model-memory" });
  expect(refused.head).toContain("x-should-retry: true");
  expect(JSON.parse(refused.body)).toMatchObject({
    error: { type: "overloaded_error", message: expect.stringContaining("Send it again in a moment") },
  });
  expect(world.decisions).toMatchObject([{ verdict: "refuse", rule: "model-memory" }]);

  answer();
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
  const again = post(body);
  await expect.poll(() => asked.length).toBe(1);
  answer();
  expect((await again).status).toBe(200);
});

it("what was held is given back whichever way a request ends", async () => {
  const { world, asked, post, answer } = await slowModel();
  await using _ = world;
  const big = bodyOf(900 * kilobyte);
  // Cut in the middle of its body; then not what its coding says; then over the room of one; then cut while the model thinks.
  const cut = await world.tls("api.example");
  cut.write(`POST /v1/messages HTTP/1.1\r\nHost: api.example\r\nContent-Length: ${big.length}\r\n\r\n`);
  cut.write(big.slice(0, 800 * kilobyte));
  await expect.poll(async () => (await post(bodyOf(300 * kilobyte))).rule).toBe("model-memory");
  cut.destroy();
  await expect.poll(() => world.decisions.filter(({ verdict }) => verdict === "allow").length).toBe(1);
  expect((await post(big, ["Content-Encoding: gzip"])).status).toBe(400);
  expect((await post(bodyOf(1100 * kilobyte))).rule).toBe("model-memory");
  const left = await world.tls("api.example");
  left.write(`POST /v1/messages HTTP/1.1\r\nHost: api.example\r\nContent-Length: ${big.length}\r\n\r\n${big}`);
  await expect.poll(() => asked.length).toBe(1);
  left.destroy();
  await expect.poll(() => world.decisions.filter(({ verdict }) => verdict === "allow").length).toBe(2);
  asked.length = 0;

  const last = post(big);
  await expect.poll(() => asked.length).toBe(1);
  answer();
  expect((await last).status).toBe(200);
});

it("a packed request counts as what it unpacks to", async () => {
  const { world, asked, post, answer } = await slowModel();
  await using _ = world;
  const packed = gzipSync(bodyOf(700 * kilobyte));
  const first = post(packed, ["Content-Encoding: gzip"]);
  await expect.poll(() => asked.length).toBe(1);
  expect((await post(packed, ["Content-Encoding: gzip"])).rule).toBe("model-memory");
  answer();
  expect((await first).status).toBe(200);
});
