import { describe, expect, it } from "vitest";
import { GateWorld, readAnswer, readHead } from "../../kit/gate-world.ts";

async function worldWithApi(route: object = {}) {
  const world = new GateWorld();
  const api = await world.upstream("api.example", (request, response) =>
    response.end(`${request.method} ${request.url}`),
  );
  await world.configure({ routes: [api.route({ paths: [{ prefix: "/v1" }], methods: ["GET", "POST"], ...route })] });
  return { world, api };
}

describe("must-have 22: an allowed host and path pass, all else is refused with a reason", () => {
  it("lets the allowed request pass", async () => {
    const { world, api } = await worldWithApi();
    await using _ = world;
    const answer = await world.ask("api.example", "GET /v1/x?q=1");
    expect(answer).toMatchObject({ status: 200, body: "GET /v1/x?q=1" });
    expect(api.requests[0]?.headers.host).toBe(`api.example:${api.port}`);
    expect(world.decisions).toMatchObject([{ verdict: "allow", rule: "api", status: 200, address: "127.0.0.1" }]);
  });

  it.each([
    ["another path", "api.example", "GET /v2", "no-route-path"],
    ["another method", "api.example", "DELETE /v1", "no-route-method"],
    ["another host", "paste.example", "POST /api", "no-route"],
    ["a git push", "api.example", "POST /v1/r.git/git-receive-pack", "git-push"],
    ["a git push's first request", "api.example", "GET /v1/r.git/info/refs?service=git-receive-pack", "git-push"],
    [
      "a git push's first request, encoded",
      "api.example",
      "GET /v1/info/refs?service=git%2Dreceive%2dpack",
      "git-push",
    ],
  ])("refuses %s", async (_, host, line, rule) => {
    const { world, api } = await worldWithApi();
    await using __ = world;
    const answer = await world.ask(host, line, { body: "hello" });
    expect(answer).toMatchObject({ status: 403, rule });
    expect(answer.body).toMatch(new RegExp(`^caisson: refused .* \\(rule ${rule}\\)\\. `));
    expect(world.decisions).toMatchObject([{ verdict: "refuse", rule, host, status: 403 }]);
    expect(api.requests).toEqual([]);
  });

  it("tells the agent what to ask for", async () => {
    const { world } = await worldWithApi();
    await using _ = world;
    const { body } = await world.ask("paste.example", "POST /api", { body: "x" });
    expect(body).toBe(
      "caisson: refused POST https://paste.example/api: no route allows this host (rule no-route). Do not try another " +
        "way out; ask the person to run: caisson policy allow brisk-otter paste.example --once\n",
    );
    expect(world.all("audit")[0]?.hint).toBe("caisson policy allow brisk-otter paste.example --once");
  });

  it.each([
    "127.0.0.1:443",
    "2130706433:443",
    "0x7f000001:443",
    "0177.0.0.1:443",
    "127.1:443",
    "[::1]:443",
    "[fe80::1%25lo]:443",
  ])("refuses CONNECT to the address %s", async (target) => {
    const { world, api } = await worldWithApi();
    await using _ = world;
    const { answer, socket } = await world.tunnel(target);
    expect(answer).toMatch(/^HTTP\/1\.1 403 caisson: refused CONNECT .* \(rule ip-literal\)/);
    expect(answer).toContain("x-caisson-rule: ip-literal");
    expect(world.decisions).toMatchObject([{ verdict: "refuse", rule: "ip-literal", method: "CONNECT" }]);
    expect(api.requests).toEqual([]);
    socket.destroy();
  });

  it.each([
    ["a trailing dot", "api.example.:443", 400, "malformed"],
    ["no port", "api.example", 400, "malformed"],
    ["a user", "u@api.example:443", 400, "malformed"],
    ["a port that no route names and no web server has", "api.example:22", 403, "no-route"],
  ])("refuses CONNECT with %s", async (_, target, status, rule) => {
    const { world } = await worldWithApi();
    await using __ = world;
    const { answer, socket } = await world.tunnel(target);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain(`x-caisson-rule: ${rule}`);
    socket.destroy();
  });

  it("refuses CONNECT with another Host, or with a body", async () => {
    const { world } = await worldWithApi();
    await using _ = world;
    for (const [headers, rule] of [
      ["Host: evil.example\r\n", "host-mismatch"],
      ["Host: api.example:8443\r\n", "host-mismatch"],
      ["Content-Length: 5\r\n", "malformed"],
      ["Transfer-Encoding: chunked\r\n", "malformed"],
    ] as const) {
      const socket = await world.dial();
      socket.write(`CONNECT api.example:443 HTTP/1.1\r\n${headers}\r\n`);
      expect(await readHead(socket)).toContain(`x-caisson-rule: ${rule}`);
      socket.destroy();
    }
  });

  it("refuses a Host, a URL or an SNI that is not the tunnel's", async () => {
    const { world, api } = await worldWithApi();
    await using _ = world;
    const send = async (head: string, servername?: string) => {
      const socket = await world.tls("api.example", servername === undefined ? {} : { servername });
      socket.write(`${head}\r\n\r\n`);
      return readAnswer(socket);
    };
    expect(await send("GET /v1 HTTP/1.1\r\nHost: evil.example")).toMatchObject({ status: 403, rule: "host-mismatch" });
    expect(await send("GET https://evil.example/v1 HTTP/1.1\r\nHost: evil.example")).toMatchObject({
      rule: "host-mismatch",
    });
    expect(await send("GET /v1 HTTP/1.1\r\nHost: api.example", "evil.example")).toMatchObject({
      rule: "host-mismatch",
    });
    expect(await send("GET /v1 HTTP/1.1\r\nHost: api.example", "")).toMatchObject({ rule: "host-mismatch" });
    expect(world.decisions.map(({ rule }) => rule)).toEqual(Array(4).fill("host-mismatch"));
    expect(api.requests).toEqual([]);
  });

  it("refuses what is not HTTP inside an allowed tunnel", async () => {
    const { world, api } = await worldWithApi();
    await using _ = world;
    const tls = await world.tls("api.example");
    tls.write("\x16\x03\x01 not http at all\r\n\r\n");
    expect(await readAnswer(tls)).toMatchObject({ status: 400, rule: "malformed" });
    const { socket } = await world.tunnel("api.example:443");
    socket.write("\0\0\0\0");
    expect((await readAnswer(socket)).status).toBe(0);
    await world.next("audit", ({ decision }) => decision.rule === "tls");
    expect(api.requests).toEqual([]);
  });

  it("refuses plain HTTP through a tunnel to a TLS route", async () => {
    const { world, api } = await worldWithApi();
    await using _ = world;
    const { socket } = await world.tunnel("api.example:443");
    socket.write("GET /v1 HTTP/1.1\r\nHost: api.example:443\r\nConnection: close\r\n\r\n");
    expect(await readAnswer(socket)).toMatchObject({ status: 403, rule: "no-route-scheme" });
    expect(api.requests).toEqual([]);
  });

  it("refuses all before the first policy", async () => {
    await using world = new GateWorld();
    world.send({ type: "listen", sandbox: world.id, host: "127.0.0.1", port: 0 });
    world.port = (await world.next("listening")).port;
    const { answer } = await world.tunnel("api.example:443");
    expect(answer).toContain("x-caisson-rule: not-configured");
  });
});

describe("plain HTTP", () => {
  it("passes in absolute form and through a tunnel, on a route of its own", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("plain.example", (request, response) => response.end(request.url), {
      plain: true,
    });
    await world.configure({ routes: [api.route({ paths: [{ prefix: "/v1" }] })] });
    const ask = async (head: string, tunnel = false) => {
      const socket = tunnel ? (await world.tunnel("plain.example:80")).socket : await world.dial();
      socket.write(`${head}\r\nHost: plain.example\r\nConnection: close\r\n\r\n`);
      return readAnswer(socket);
    };
    expect(await ask("GET http://plain.example/v1/a HTTP/1.1")).toMatchObject({ status: 200, body: "/v1/a" });
    expect(await ask("GET /v1/b HTTP/1.1", true)).toMatchObject({ status: 200, body: "/v1/b" });
    expect(await ask("GET http://plain.example/v2 HTTP/1.1")).toMatchObject({ status: 403, rule: "no-route-path" });
    expect(await ask("GET http://plain.example/v1/a%2f..%2f..%2fv2 HTTP/1.1")).toMatchObject({
      status: 400,
      rule: "malformed",
    });
    expect(await ask("GET /v1 HTTP/1.1")).toMatchObject({ status: 400, rule: "not-a-proxy-request" });
  });
});
