import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRequestHead } from "./parse-head.ts";
import { type Entrance, readRequest } from "./read-request.ts";

const tunnel: Entrance = { kind: "tunnel", scheme: "https", host: "a.example", port: 443 };
const proxy: Entrance = { kind: "proxy" };
const read = (entrance: Entrance, line: string, ...headers: readonly string[]) => {
  const head = parseRequestHead([line, ...headers].join("\r\n"), 100);
  return "malformed" in head ? { rule: "malformed", reason: head.malformed } : readRequest(head, entrance);
};

describe("readRequest()", () => {
  it("reads a request inside a tunnel", () => {
    expect(read(tunnel, "GET /x?y=1 HTTP/1.1", "Host: A.example")).toMatchObject({
      scheme: "https",
      host: "a.example",
      port: 443,
      target: { path: "/x", query: "y=1" },
      keepAlive: true,
    });
    expect(read(tunnel, "GET / HTTP/1.1", "Host: a.example:443", "Connection: close")).toMatchObject({
      keepAlive: false,
    });
    expect(read(tunnel, "GET https://a.example HTTP/1.1", "Host: a.example")).toMatchObject({ target: { path: "/" } });
  });

  it("reads a request in absolute form on the proxy", () => {
    expect(read(proxy, "GET http://b.example:8080?q HTTP/1.1", "Host: b.example:8080")).toMatchObject({
      scheme: "http",
      host: "b.example",
      port: 8080,
      target: { path: "/", query: "q" },
    });
  });

  it.each([
    ["another host than the tunnel's", "GET / HTTP/1.1", ["Host: b.example"]],
    ["another port than the tunnel's", "GET / HTTP/1.1", ["Host: a.example:8443"]],
    ["a URL of another host", "GET https://b.example/ HTTP/1.1", ["Host: b.example"]],
    ["a URL and another Host", "GET https://a.example/ HTTP/1.1", ["Host: b.example"]],
    ["another scheme", "GET http://a.example:443/ HTTP/1.1", ["Host: a.example:443"]],
  ])("refuses %s", (_, line, headers) =>
    expect(read(tunnel, line, ...headers)).toMatchObject({ rule: "host-mismatch" }),
  );

  it.each([
    ["no host", "GET / HTTP/1.1", []],
    ["two hosts", "GET / HTTP/1.1", ["Host: a.example", "Host: a.example"]],
    ["a list of hosts", "GET / HTTP/1.1", ["Host: a.example, b.example"]],
    ["a user in the URL", "GET https://u@a.example/ HTTP/1.1", ["Host: a.example"]],
    ["the asterisk", "OPTIONS * HTTP/1.1", ["Host: a.example"]],
    ["another scheme's URL", "GET ftp://a.example/ HTTP/1.1", ["Host: a.example"]],
    ["CONNECT", "CONNECT a.example:443 HTTP/1.1", ["Host: a.example"]],
    ["TRACE", "TRACE / HTTP/1.1", ["Host: a.example"]],
    ["another expectation", "POST / HTTP/1.1", ["Host: a.example", "Expect: 200-ok"]],
    ["a dropped Host", "GET / HTTP/1.1", ["Host: a.example", "Connection: keep-alive, host"]],
    ["a dropped length", "GET / HTTP/1.1", ["Host: a.example", "Connection: Content-Length", "Content-Length: 1"]],
    ["an upgrade with a body", "GET / HTTP/1.1", ["Host: a.example", "Upgrade: websocket", "Content-Length: 1"]],
    ["a protocol-relative path up", "GET /../x HTTP/1.1", ["Host: a.example"]],
  ])("refuses %s as malformed", (_, line, headers) =>
    expect(read(tunnel, line, ...headers)).toMatchObject({ rule: "malformed" }),
  );

  it("refuses a path on the proxy's own listener, and https without a tunnel", () => {
    expect(read(proxy, "GET / HTTP/1.1", "Host: a.example")).toMatchObject({ rule: "not-a-proxy-request" });
    expect(read(proxy, "GET https://a.example/ HTTP/1.1", "Host: a.example")).toMatchObject({ rule: "malformed" });
    expect(read(proxy, "GET http://10.0.0.1/ HTTP/1.1", "Host: 10.0.0.1")).toMatchObject({ rule: "ip-literal" });
  });

  it("takes an upgrade for a WebSocket only when it is one", () => {
    const upgrade = ["Host: a.example", "Connection: keep-alive, Upgrade"];
    expect(read(tunnel, "GET / HTTP/1.1", ...upgrade, "Upgrade: websocket")).toMatchObject({ webSocket: true });
    expect(read(tunnel, "GET / HTTP/1.1", ...upgrade, "Upgrade: h2c")).toMatchObject({ webSocket: false });
    expect(read(tunnel, "POST / HTTP/1.1", ...upgrade, "Upgrade: websocket")).toMatchObject({ webSocket: false });
  });

  it("never gives a request for another host than the tunnel's, whatever the head", () => {
    const piece = fc.constantFrom(
      "a.example",
      "b.example",
      "@",
      ":",
      "443",
      "/",
      "https://",
      "http://",
      "?",
      "#",
      "\\",
      "%2f",
      ".",
      "[::1]",
    );
    const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, text, (target, host) => {
        const request = read(tunnel, `GET ${target} HTTP/1.1`, `Host: ${host}`);
        if ("rule" in request) return;
        expect(request).toMatchObject({ scheme: "https", host: "a.example", port: 443 });
      }),
      { numRuns: 3_000 },
    );
  });
});
