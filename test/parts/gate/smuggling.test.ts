import { describe, expect, it } from "vitest";
import { GateWorld, readAnswer } from "../../kit/gate-world.ts";

// Each of these is well-formed to some parser and something else to another one.
const heads: Readonly<Record<string, string>> = {
  "both lengths":
    "POST /v1 HTTP/1.1\r\nHost: api.example\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "two lengths": "POST /v1 HTTP/1.1\r\nHost: api.example\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\nGET ",
  "a list of lengths": "POST /v1 HTTP/1.1\r\nHost: api.example\r\nContent-Length: 4, 4\r\n\r\nGET ",
  "a signed length": "POST /v1 HTTP/1.1\r\nHost: api.example\r\nContent-Length: +4\r\n\r\nGET ",
  "another coding": "POST /v1 HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  "two codings":
    "POST /v1 HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
  "a hidden coding": "POST /v1 HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
  "a folded line": "POST /v1 HTTP/1.1\r\nHost: api.example\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n\r\n",
  "a bare line feed": "GET /v1 HTTP/1.1\r\nHost: api.example\nX-A: b\r\n\r\n",
  "only line feeds": "GET /v1 HTTP/1.1\nHost: api.example\n\n",
  "a bare carriage return": "GET /v1 HTTP/1.1\r\nHost: api.example\rX-A: b\r\n\r\n",
  "two hosts": "GET /v1 HTTP/1.1\r\nHost: api.example\r\nHost: evil.example\r\n\r\n",
  "no host": "GET /v1 HTTP/1.1\r\nX-A: b\r\n\r\n",
  "a NUL": "GET /v1 HTTP/1.1\r\nHost: api.example\r\nX-A: \0\r\n\r\n",
  "non-ASCII": "GET /v1 HTTP/1.1\r\nHost: api.example\r\nX-A: \u00ff\r\n\r\n",
  "a tunnel in the tunnel": "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
  TRACE: "TRACE /v1 HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "HTTP/0.9": "GET /v1\r\n\r\n",
  "HTTP/2's preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a chunk extension":
    "POST /v1 HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nabcd\r\n0\r\n\r\n",
  "a chunk size that is none":
    "POST /v1 HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
  "a chunk that is too long":
    "POST /v1 HTTP/1.1\r\nHost: api.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
  "a dot segment": "GET /v1/../v2 HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "an encoded dot segment": "GET /v1/%2e%2e/v2 HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "an encoded slash before dots": "GET /v1%2f..%2fv2 HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "a path encoded twice": "GET /v1/%252e%252e/v2 HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "a backslash": "GET /v1\\..\\v2 HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "an encoded NUL": "GET /v1/a%00b HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "an encoded line end": "GET /v1/a%0d%0aX-A:b HTTP/1.1\r\nHost: api.example\r\n\r\n",
  "a dropped Host": "GET /v1 HTTP/1.1\r\nHost: api.example\r\nConnection: host\r\n\r\n",
  "a head without end": `GET /v1 HTTP/1.1\r\nHost: api.example\r\nX-A: ${"b".repeat(70_000)}`,
};

describe("must-have 22: smuggled and malformed requests are refused", () => {
  it.each(Object.entries(heads))("refuses %s, and nothing of it is answered upstream", async (_, bytes) => {
    await using world = new GateWorld();
    let answered = 0;
    const api = await world.upstream("api.example", (request, response) => {
      request.on("end", () => answered++).resume();
      response.end("ok");
    });
    await world.configure({ routes: [api.route({ paths: [{ prefix: "/v1" }] })] });
    const socket = await world.tls("api.example");
    socket.write(Buffer.from(bytes, "latin1"));
    const answer = await readAnswer(socket);
    expect(answer).toMatchObject({ status: 400, rule: "malformed" });
    expect(answer.body).toMatch(/^caisson: refused /);
    expect(world.decisions).toMatchObject([{ verdict: "refuse", rule: "malformed" }]);
    expect(answered).toBe(0);
  });

  it("answers piped requests one by one, each by its own decision", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => {
      request.resume();
      request.on("end", () => response.end(`<${request.method} ${request.url}>`));
    });
    await world.configure({ routes: [api.route({ paths: [{ prefix: "/v1" }] })] });
    const socket = await world.tls("api.example");
    const host = "Host: api.example\r\n";
    socket.write(
      `POST /v1/a HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabcGET /v2 HTTP/1.1\r\n${host}\r\n` +
        `POST /v1/b HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n` +
        `GET /v1/c HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    );
    const { body, head } = await readAnswer(socket);
    expect(head + body).toMatch(/<POST \/v1\/a>.*no-route-path.*<POST \/v1\/b>.*<GET \/v1\/c>/s);
    expect(api.requests.map(({ url }) => url)).toEqual(["/v1/a", "/v1/b", "/v1/c"]);
    expect(world.decisions.map(({ rule }) => rule)).toEqual(["api", "no-route-path", "api", "api"]);
  });
});
