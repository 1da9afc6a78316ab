import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { GateWorld } from "../../kit/gate-world.ts";

const real = "sk-real-5d41402abc4b2a76b9719d911017c592";
const placeholder = "sk-caisson-00112233445566778899aabbccddeeff";
const other = "ghp_caisson_ffeeddccbbaa99887766554433221100";

async function worldWith(inject: object[], fields: object = {}) {
  const world = new GateWorld();
  const api = await world.upstream("api.example", (request, response) => {
    response.setHeader("x-echo", JSON.stringify(request.headers.authorization ?? request.headers["x-key"] ?? ""));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ headers: request.headers, url: request.url }));
  });
  await world.configure({
    routes: [api.route({ credential: { name: "key", inject }, ...fields } as object)],
    credentials: [
      { name: "key", placeholder },
      { name: "other", placeholder: other },
    ],
  });
  return { world, api };
}

describe("must-have 25: the real credential arrives upstream, and the agent never sees it", () => {
  it.each([
    ["bearer", [{ as: "bearer" }], { authorization: `Bearer ${real}` }],
    [
      "basic",
      [{ as: "basic" }],
      { authorization: `Basic ${Buffer.from(`x-access-token:${real}`).toString("base64")}` },
    ],
    [
      "basic with a user",
      [{ as: "basic", user: "me" }],
      { authorization: `Basic ${Buffer.from(`me:${real}`).toString("base64")}` },
    ],
    ["header", [{ as: "header", name: "X-Key" }], { "x-key": real }],
    [
      "two places",
      [{ as: "bearer" }, { as: "header", name: "x-key" }],
      { authorization: `Bearer ${real}`, "x-key": real },
    ],
  ])("as %s", async (_, inject, headers) => {
    const { world, api } = await worldWith(inject);
    await using __ = world;
    world.credential("key", real);
    const answer = await world.ask("api.example", "GET /", { headers: [`Authorization: Bearer ${placeholder}`] });
    expect(answer.status).toBe(200);
    expect(api.requests[0]?.headers).toMatchObject(headers);
    const seen = answer.head + answer.body;
    for (const secret of [real, ...Object.values(headers).map((value) => value.split(" ").at(-1) ?? "")]) {
      expect(seen).not.toContain(secret);
    }
    expect(answer.body).toContain("*".repeat(real.length));
    expect(JSON.stringify(world.messages)).not.toContain(real);
    expect(world.decisions).toMatchObject([{ verdict: "allow", credential: "key" }]);
  });

  it("as a query parameter, in place of the agent's own", async () => {
    const { world, api } = await worldWith([{ as: "query", name: "api key" }]);
    await using _ = world;
    world.credential("key", `${real}/+`);
    const answer = await world.ask("api.example", `GET /x?a=1&api%20key=${placeholder}&api+key=mine&b=2`);
    expect(api.requests[0]?.url).toBe(`/x?a=1&b=2&api%20key=${real}%2F%2B`);
    expect(answer.head + answer.body).not.toContain(real);
    expect(JSON.stringify(world.messages)).not.toContain(real);
  });

  it("uses the newest value, and none that has expired or was taken away", async () => {
    const { world, api } = await worldWith([{ as: "bearer" }]);
    await using _ = world;
    const ask = async () => world.ask("api.example", "GET /");
    const missing = { status: 503, rule: "credential-missing" };
    expect(await ask()).toMatchObject(missing);
    world.credential("key", "first-value-0123456789");
    await ask();
    world.credential("key", "second-value-0123456789");
    await ask();
    world.credential("key", real, Date.now() - 1);
    expect(await ask()).toMatchObject(missing);
    world.credential("key", null);
    expect(await ask()).toMatchObject(missing);
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first-value-0123456789",
      "Bearer second-value-0123456789",
    ]);
  });

  it("takes no value that could end a header", async () => {
    const { world, api } = await worldWith([{ as: "bearer" }]);
    await using _ = world;
    world.credential("key", `${real}\r\nX-Evil: 1`);
    expect(world.all("fault")).toHaveLength(1);
    expect(JSON.stringify(world.messages)).not.toContain(real);
    expect(await world.ask("api.example", "GET /")).toMatchObject({ rule: "credential-missing" });
    expect(api.requests).toEqual([]);
  });

  it("masks an echo that is cut in two, and in a header", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => {
      const { authorization = "" } = request.headers;
      response.setHeader("location", `https://api.example/?token=${authorization.slice(7)}`);
      response.write(`data: ${authorization.slice(0, 20)}`);
      setImmediate(() => response.end(`${authorization.slice(20)}\n\n`));
    });
    await world.configure({
      routes: [api.route({ credential: { name: "key", inject: [{ as: "bearer" }] } })],
      credentials: [{ name: "key", placeholder }],
    });
    world.credential("key", real);
    const answer = await world.ask("api.example", "GET /");
    expect(answer.head).toContain(`?token=${"*".repeat(real.length)}`);
    expect(answer.body).toBe(`data: Bearer ${"*".repeat(real.length)}\n\n`);
  });
});

describe("must-have 25, in compressed answers", () => {
  it("unpacks an answer that was not asked for compressed, and masks it; refuses what it cannot unpack", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => {
      const text = `${request.headers.authorization}\n`.repeat(100_000);
      if (request.url === "/unknown") response.setHeader("content-encoding", "compress").end(text);
      else if (request.url === "/broken") response.setHeader("content-encoding", "gzip").end(text);
      else response.setHeader("content-encoding", "gzip").end(gzipSync(text));
    });
    await world.configure({
      routes: [api.route({ credential: { name: "key", inject: [{ as: "bearer" }] } })],
      credentials: [{ name: "key", placeholder }],
    });
    world.credential("key", real);
    const answer = await world.ask("api.example", "GET /", { headers: ["Accept-Encoding: gzip"] });
    expect(answer.head).not.toContain("content-encoding");
    expect(answer.body).toBe(`Bearer ${"*".repeat(real.length)}\n`.repeat(100_000));
    expect(await world.ask("api.example", "GET /unknown")).toMatchObject({ status: 502, rule: "upstream" });
    expect((await world.ask("api.example", "GET /broken")).body).not.toContain(real);
    expect(api.requests.map(({ headers }) => headers["accept-encoding"])).toEqual(Array(3).fill("identity"));
  });
});

describe("must-have 26: what the agent sent in a credential's place is replaced", () => {
  it("strips its own authorization in every spelling", async () => {
    const { world, api } = await worldWith([{ as: "header", name: "X-Key" }]);
    await using _ = world;
    world.credential("key", real);
    await world.ask("api.example", "GET /", {
      headers: [
        "authorization: Bearer mine",
        "AUTHORIZATION: Basic bWluZQ==",
        "x-api-key: mine",
        "X-KEY: mine",
        "Proxy-Authorization: mine",
      ],
    });
    expect(api.requests[0]?.headersDistinct).toMatchObject({ "x-key": [real] });
    for (const name of ["authorization", "x-api-key", "proxy-authorization"]) {
      expect(api.requests[0]?.headers).not.toHaveProperty(name);
    }
  });

  it("passes it on, on a route without a credential", async () => {
    const { world, api } = await worldWith([{ as: "bearer" }], { credential: undefined });
    await using _ = world;
    await world.ask("api.example", "GET /", { headers: ["Authorization: Bearer mine"] });
    expect(api.requests[0]?.headers.authorization).toBe("Bearer mine");
  });

  it("lets the agent drop nothing of what was injected", async () => {
    const { world, api } = await worldWith([{ as: "header", name: "X-Key" }]);
    await using _ = world;
    world.credential("key", real);
    await world.ask("api.example", "GET /", { headers: ["Connection: x-key, x-other", "X-Other: 1"] });
    expect(api.requests[0]?.headers).toMatchObject({ "x-key": real });
    expect(api.requests[0]?.headers).not.toHaveProperty("x-other");
  });
});
