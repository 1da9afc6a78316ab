import { randomBytes } from "node:crypto";
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { describe, expect, it } from "vitest";
import { GateWorld } from "../../kit/gate-world.ts";

const placeholder = "sk-caisson-00112233445566778899aabbccddeeff";
const real = "sk-real-5d41402abc4b2a76b9719d911017c592";

async function http2World(http2 = true) {
  const world = new GateWorld();
  const api = await world.upstream("api.example", (request, response) => {
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    response.setHeader("x-echo", String(request.headers.authorization));
    request.pipe(response);
  });
  await world.configure({
    routes: [api.route({ paths: [{ prefix: "/v1" }], http2, credential: { name: "key", inject: [{ as: "bearer" }] } })],
    credentials: [{ name: "key", placeholder }],
  });
  world.credential("key", real);
  const open = async () => {
    const socket = await world.tls("api.example", { alpn: ["h2", "http/1.1"] });
    const session = connect("https://api.example", { createConnection: () => socket });
    session.on("error", () => {});
    const ask = (headers: OutgoingHttpHeaders, body?: Buffer | string) =>
      new Promise<{ headers: IncomingHttpHeaders; body: Buffer }>((done, fail) => {
        const stream = session.request({ ":authority": "api.example", ...headers }, { endStream: body === undefined });
        const chunks: Buffer[] = [];
        let answer: IncomingHttpHeaders = {};
        stream.on("response", (got) => {
          answer = got;
        });
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => done({ headers: answer, body: Buffer.concat(chunks) }));
        stream.on("error", fail);
        if (body !== undefined) stream.end(body);
      });
    return { ask, session, protocol: socket.alpnProtocol };
  };
  return { world, api, open };
}

describe("must-have 32: HTTP/2 passes on a route that allows it, and is looked through like the rest", () => {
  it("carries many requests at once, with the credential put in and masked", async () => {
    const { world, api, open } = await http2World();
    await using _ = world;
    const { ask, session, protocol } = await open();
    expect(protocol).toBe("h2");
    const bodies = [randomBytes(0), randomBytes(10), randomBytes(500_000), randomBytes(1_000_000)];
    const answers = await Promise.all(
      bodies.map((body, n) =>
        ask({ ":method": "POST", ":path": `/v1/${n}`, authorization: `Bearer ${placeholder}` }, body),
      ),
    );
    for (const [n, { headers, body }] of answers.entries()) {
      expect(headers).toMatchObject({
        ":status": 200,
        "set-cookie": ["a=1", "b=2"],
        "x-echo": `Bearer ${"*".repeat(real.length)}`,
      });
      expect(body.equals(bodies[n] ?? randomBytes(1))).toBe(true);
    }
    expect(api.requests.every(({ headers }) => headers.authorization === `Bearer ${real}`)).toBe(true);
    expect(world.decisions).toHaveLength(4);
    session.destroy();
  });

  it("refuses what HTTP/1.1 would refuse", async () => {
    const { world, api, open } = await http2World();
    await using _ = world;
    const { ask, session } = await open();
    const ruleOf = async (...given: Parameters<typeof ask>) => (await ask(...given)).headers["x-caisson-rule"];
    expect(await ruleOf({ ":path": "/v2" })).toBe("no-route-path");
    expect(await ruleOf({ ":path": "/v1/../v2" })).toBe("malformed");
    expect(await ruleOf({ ":path": `/v1?a=${placeholder}` })).toBe("placeholder");
    expect(await ruleOf({ ":path": "/v1", ":method": "POST" }, placeholder)).toBe("placeholder");
    expect(await ruleOf({ ":path": "/v1", host: "api.example" })).toBe("malformed");
    expect(await ruleOf({ ":path": "/v1", ":authority": "evil.example" })).toBe("host-mismatch");
    expect(api.requests.filter(({ complete }) => complete)).toEqual([]);
    expect(world.all("sighting")).toHaveLength(2);
    session.destroy();
  });

  it("lets go of the upstream when the agent gives a stream up", async () => {
    const { world, open } = await http2World();
    await using _ = world;
    const slow = await world.upstream("slow.example", (_request, response) => response.write("half"));
    await world.configure({ routes: [slow.route({ host: "api.example", http2: true })] });
    const { session } = await open();
    const stream = session.request({ ":authority": "api.example", ":path": "/" });
    await new Promise((done) => stream.once("data", done));
    stream.close();
    await expect.poll(() => slow.sockets.size).toBe(0);
    expect(world.decisions).toMatchObject([{ verdict: "allow", reason: "the agent closed the connection" }]);
    session.destroy();
  });

  it("is not offered on any other route", async () => {
    const { world } = await http2World(false);
    await using _ = world;
    const socket = await world.tls("api.example", { alpn: ["h2", "http/1.1"] });
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });
});
