import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRequestHead } from "../http1/parse-head.ts";
import { headText } from "./head-text.ts";

describe("headText()", () => {
  it("writes the head as HTTP/1.1", () => {
    const raw = [
      ":method",
      "POST",
      ":path",
      "/x?y",
      ":authority",
      "a.example",
      ":scheme",
      "https",
      "x-a",
      "b",
      "cookie",
      "c=1",
      "cookie",
      "d=2",
    ];
    expect(headText(raw, false)).toBe(
      "POST /x?y HTTP/1.1\r\nhost: a.example\r\nx-a: b\r\ncookie: c=1; d=2\r\ntransfer-encoding: chunked\r\n",
    );
    expect(headText([...raw, "content-length", "3"], false)).not.toContain("chunked");
    expect(headText(raw, true)).not.toContain("chunked");
  });

  it("gives no more headers to the parser than there were, whatever their text", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", ":", " ", "\r", "\n", "\0", "host", "content-length"),
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (pairs) => {
        const raw = [":method", "GET", ":path", "/", ":authority", "a.example", ...pairs.flat()];
        const head = headText(raw, true);
        if (head === undefined) return;
        const parsed = parseRequestHead(head, 100);
        if ("malformed" in parsed) return;
        expect(parsed.headers.length).toBeLessThanOrEqual(pairs.length + 1);
        expect(parsed).toMatchObject({ method: "GET", target: "/" });
      }),
    );
  });
});
