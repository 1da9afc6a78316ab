import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { GateWorld, readAnswer } from "../../kit/gate-world.ts";

const real = "sk-real-5d41402abc4b2a76b9719d911017c592";
const placeholder = "sk-caisson-00112233445566778899aabbccddeeff";
const hex = Buffer.from(placeholder).toString("hex");
const percent = hex.replace(/../g, "%$&");

async function placeholderWorld() {
  const world = new GateWorld();
  let arrived = 0;
  const api = await world.upstream("open.example", (request, response) => {
    request.on("end", () => {
      arrived++;
      response.end("ok");
    });
    request.on("error", () => {});
    request.resume();
  });
  await world.configure({
    routes: [
      api.route(),
      api.route({ name: "own", host: "own.example", credential: { name: "key", inject: [{ as: "bearer" }] } }),
      api.route({ name: "other", host: "other.example", credential: { name: "second", inject: [{ as: "bearer" }] } }),
      api.route({ name: "wild", host: "*.wild.example" }),
    ],
    credentials: [
      { name: "key", placeholder },
      { name: "second", placeholder: "second-caisson-00112233445566778899" },
    ],
  });
  world.credential("key", real);
  world.credential("second", "second-real-value-0123456789");
  return { world, arrived: () => arrived };
}

interface Sent {
  readonly host?: string;
  readonly line?: string;
  readonly headers?: string[];
  readonly body?: string | Buffer;
}

const places: Readonly<Record<string, Sent & { readonly where: string }>> = {
  path: { line: `GET /${placeholder}`, where: "path" },
  "the path, percent-encoded": { line: `GET /${percent}`, where: "path" },
  query: { line: `GET /?a=${placeholder}`, where: "query" },
  "the query, percent-encoded twice": { line: `GET /?a=${percent.replaceAll("%", "%25")}`, where: "query" },
  "the query, in hex": { line: `GET /?a=${hex}`, where: "query" },
  header: { headers: [`X-A: b ${placeholder} c`], where: "header x-a" },
  "a header's name": { headers: [`${placeholder}: 1`], where: "a header's name" },
  authorization: { headers: [`Authorization: Bearer ${placeholder}`], where: "header authorization" },
  "basic authorization": {
    headers: [`Authorization: Basic ${Buffer.from(`u:${placeholder}`).toString("base64")}`],
    where: "header authorization",
  },
  "a cookie, in base64url": {
    headers: [`Cookie: a=${Buffer.from(placeholder).toString("base64url")}`],
    where: "header cookie",
  },
  body: { line: "POST /", body: `{"a":"${placeholder}"}`, where: "body" },
  "a body in base64": { line: "POST /", body: Buffer.from(`env: ${placeholder}\n`).toString("base64"), where: "body" },
  "a form": { line: "POST /", body: `a=${percent}`, where: "body" },
  "JSON escapes": { line: "POST /", body: `{"a":"${hex.replace(/../g, "\\u00$&")}"}`, where: "body" },
  "a body in chunks": {
    line: "POST /",
    headers: ["Transfer-Encoding: chunked"],
    body: `a\r\n${placeholder.slice(0, 10)}\r\n1f\r\n${placeholder.slice(10, 41)}\r\n${(placeholder.length - 41).toString(16)}\r\n${placeholder.slice(41)}\r\n0\r\n\r\n`,
    where: "body",
  },
  "a gzip body": {
    line: "POST /",
    headers: ["Content-Encoding: gzip"],
    body: gzipSync(`a ${placeholder}`),
    where: "body",
  },
  "a deflate body": {
    line: "POST /",
    headers: ["Content-Encoding: deflate"],
    body: deflateSync(placeholder),
    where: "body",
  },
  "a brotli body": {
    line: "POST /",
    headers: ["Content-Encoding: br"],
    body: brotliCompressSync(placeholder),
    where: "body",
  },
  "a zstd body": {
    line: "POST /",
    headers: ["Content-Encoding: zstd"],
    body: zstdCompressSync(placeholder),
    where: "body",
  },
  "another credential's place": {
    host: "other.example",
    headers: [`Authorization: Bearer ${placeholder}`],
    where: "header authorization",
  },
  "its own route's body": { host: "own.example", line: "POST /", body: placeholder, where: "body" },
  "its own route's path": { host: "own.example", line: `GET /${placeholder}`, where: "path" },
  "a host that no route names": {
    host: "paste.example",
    headers: [`Authorization: ${placeholder}`],
    where: "header authorization",
  },
  "a real credential": { line: "POST /", body: real, where: "body" },
};

describe("must-have 29: a placeholder outside its own route is blocked and alarmed", () => {
  it.each(Object.entries(places))("in %s", async (_, { where, ...sent }) => {
    const { world, arrived } = await placeholderWorld();
    await using __ = world;
    const { host = "open.example", line = "GET /", ...rest } = sent;
    const answer = await world.ask(host, line, rest);
    expect(answer).toMatchObject({ status: 403, rule: "placeholder" });
    expect(world.all("sighting")).toEqual([
      { type: "sighting", sandbox: world.id, credential: "key", action: "blocked", host, where },
    ]);
    expect(world.decisions).toMatchObject([{ verdict: "alarm", rule: "placeholder", host }]);
    expect(arrived()).toBe(0);
    // The line that tells of it does not repeat it: a real credential would be looked for in the same way.
    expect(JSON.stringify(world.decisions)).not.toContain(placeholder.slice(0, 30));
    expect(answer.body).not.toContain(placeholder.slice(0, 30));
  });

  it("in a host name", async () => {
    const { world } = await placeholderWorld();
    await using _ = world;
    const { answer, socket } = await world.tunnel(`${placeholder.slice(0, 60)}.wild.example:443`);
    expect(answer).toContain("x-caisson-rule: placeholder");
    expect(world.all("sighting")).toMatchObject([{ credential: "key", where: "CONNECT" }]);
    expect(JSON.stringify(world.messages)).not.toContain(placeholder.slice(0, 30));
    socket.destroy();
  });

  it("in a WebSocket frame", async () => {
    const { world } = await placeholderWorld();
    await using _ = world;
    const received: Buffer[] = [];
    const chat = await world.upstream("chat.example", () => {});
    chat.server.on("upgrade", (_request, socket) => {
      socket.on("data", (chunk: Buffer) => received.push(chunk));
      socket.on("error", () => {});
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    });
    await world.configure({ routes: [chat.route()], credentials: [{ name: "key", placeholder }] });
    const socket = await world.tls("chat.example");
    const payload = Buffer.from(placeholder);
    const mask = Buffer.from([1, 2, 3, 4]);
    socket.write(
      "GET / HTTP/1.1\r\nHost: chat.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
    );
    socket.write(
      Buffer.concat([
        Buffer.from([0x81, 0x80 | payload.length]),
        mask,
        payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0)),
      ]),
    );
    expect((await readAnswer(socket)).status).toBe(101);
    expect(await world.next("sighting")).toMatchObject({
      credential: "key",
      action: "blocked",
      where: "WebSocket frame",
    });
    await world.next("audit", ({ decision }) => decision.verdict === "alarm");
    expect(Buffer.concat(received)).toHaveLength(0);
  });

  it("but is replaced where its own route injects", async () => {
    const { world, arrived } = await placeholderWorld();
    await using _ = world;
    const headers = [`Authorization: Bearer ${placeholder}`, `Private-Token: ${placeholder}`];
    expect(await world.ask("own.example", "POST /", { headers, body: "{}" })).toMatchObject({ status: 200 });
    expect(world.all("sighting")).toEqual([]);
    expect(arrived()).toBe(1);
  });

  it("and other compressed bodies pass as they came", async () => {
    const { world, arrived } = await placeholderWorld();
    await using _ = world;
    const body = gzipSync("x".repeat(1_000_000));
    expect(await world.ask("open.example", "POST /", { headers: ["Content-Encoding: gzip"], body })).toMatchObject({
      status: 200,
    });
    const broken = { headers: ["Content-Encoding: gzip"], body: body.subarray(0, 100) };
    expect(await world.ask("open.example", "POST /", broken)).toMatchObject({ status: 400, rule: "malformed" });
    const trailing = { headers: ["Content-Encoding: gzip"], body: Buffer.concat([body, Buffer.from(placeholder)]) };
    expect((await world.ask("open.example", "POST /", trailing)).status).toBe(403);
    const garbage = { headers: ["Content-Encoding: gzip"], body: Buffer.concat([body, Buffer.from("garbage")]) };
    expect(await world.ask("open.example", "POST /", garbage)).toMatchObject({ status: 400 });
    expect(arrived()).toBe(1);
  });
});
