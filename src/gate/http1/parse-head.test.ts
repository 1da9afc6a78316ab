import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Framing, readRequestFraming, readResponseFraming } from "./framing.ts";
import { parseRequestHead, parseResponseHead } from "./parse-head.ts";

const request = (...lines: readonly string[]) => parseRequestHead(["GET / HTTP/1.1", ...lines].join("\r\n"), 100);
const framingOf = (...lines: readonly string[]): Framing | { malformed: string } => {
  const head = request(...lines);
  return "malformed" in head ? head : readRequestFraming(head.headers, head.minor);
};

describe("parseRequestHead()", () => {
  it("reads line and headers, and keeps the spelling of names", () => {
    expect(parseRequestHead("POST /x?y HTTP/1.1\r\nHost: a.example\r\nX-A:\t b c \t", 10)).toEqual({
      method: "POST",
      target: "/x?y",
      minor: 1,
      headers: [
        { name: "host", raw: "Host", value: "a.example" },
        { name: "x-a", raw: "X-A", value: "b c" },
      ],
    });
  });

  it.each([
    "GET  / HTTP/1.1",
    "GET / HTTP/1.1 ",
    " GET / HTTP/1.1",
    "get / HTTP/1.1",
    "GET / HTTP/2.0",
    "GET / HTTP/1.10",
    "GET /",
    "GET\t/\tHTTP/1.1",
    "GET /ü HTTP/1.1",
    "\r\nGET / HTTP/1.1",
    "",
  ])("refuses the request line %j", (line) => expect(parseRequestHead(line, 10)).toHaveProperty("malformed"));

  it.each([
    ["a folded line", "X-A: 1\r\n b"],
    ["a blank before the colon", "X-A : 1"],
    ["a line without a colon", "X-A"],
    ["an empty name", ": 1"],
    ["a bare line feed", "X-A: 1\nTransfer-Encoding: chunked"],
    ["a bare carriage return", "X-A: 1\rX-B: 2"],
    ["a NUL", "X-A: \0"],
    ["non-ASCII", "X-A: \u00e9"],
    ["a name with a control character", "X-\u000bA: 1"],
  ])("refuses %s", (_, line) => expect(request(line)).toHaveProperty("malformed"));

  it("refuses more headers than it may have", () => {
    expect(request(...Array.from({ length: 101 }, () => "a: b"))).toHaveProperty("malformed");
  });

  it("gives back nothing that could be read as another line, whatever the text", () => {
    const piece = fc.constantFrom(
      "\r\n",
      "\n",
      "\r",
      "\0",
      " ",
      "\t",
      ":",
      "a",
      "Host",
      "\u00e9",
      "HTTP/1.1",
      "GET ",
      "/",
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        for (const parse of [parseRequestHead, parseResponseHead]) {
          const head = parse(`GET / HTTP/1.1\r\nA: b\r\n${pieces.join("")}`, 50);
          if ("malformed" in head) continue;
          for (const { name, value } of head.headers) {
            expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
            expect(value).not.toMatch(/[\r\n\0]/);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("readRequestFraming()", () => {
  it("knows none, a length and chunks", () => {
    expect(framingOf()).toEqual({ kind: "none" });
    expect(framingOf("Content-Length: 0")).toEqual({ kind: "none" });
    expect(framingOf("Content-Length: 12")).toEqual({ kind: "length", length: 12 });
    expect(framingOf("Transfer-Encoding: Chunked")).toEqual({ kind: "chunked" });
  });

  it.each([
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Content-Length: 5", "Content-Length: 5"],
    ["Content-Length: 5", "Content-Length: 6"],
    ["Content-Length: 5, 5"],
    ["Content-Length: +5"],
    ["Content-Length: 0x5"],
    ["Content-Length: -1"],
    ["Content-Length: "],
    ["Content-Length: 9999999999999999"],
    ["Transfer-Encoding: gzip, chunked"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: \u000bchunked"],
    ["Transfer-Encoding: identity"],
  ])("refuses %j %j", (...lines) => expect(framingOf(...lines)).toHaveProperty("malformed"));
});

describe("readResponseFraming()", () => {
  const framing = (method: string, status: number, ...lines: readonly string[]) => {
    const head = parseResponseHead([`HTTP/1.1 ${status} x`, ...lines].join("\r\n"), 100);
    return "malformed" in head ? head : readResponseFraming(head, method);
  };

  it("follows method, status and headers", () => {
    expect(framing("GET", 200)).toEqual({ kind: "close" });
    expect(framing("HEAD", 200, "content-length: 5")).toEqual({ kind: "none" });
    expect(framing("GET", 304, "content-length: 5")).toEqual({ kind: "none" });
    expect(framing("GET", 204)).toEqual({ kind: "none" });
    expect(framing("GET", 200, "content-length: 5", "content-length: 5")).toEqual({ kind: "length", length: 5 });
    expect(framing("GET", 200, "transfer-encoding: chunked")).toEqual({ kind: "chunked" });
  });

  it("refuses what an upstream could smuggle with", () => {
    expect(framing("GET", 200, "content-length: 5", "content-length: 6")).toHaveProperty("malformed");
    expect(framing("GET", 200, "content-length: 5", "transfer-encoding: chunked")).toHaveProperty("malformed");
    expect(framing("GET", 200, "transfer-encoding: gzip")).toHaveProperty("malformed");
  });
});
