import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTarget } from "./parse-target.ts";

const readingsOf = (text: string) => {
  const target = parseTarget(text);
  return "malformed" in target ? target.malformed : target.readings;
};

describe("parseTarget()", () => {
  it("keeps path and query as they were sent", () => {
    expect(parseTarget("/a%20b/c?x=%2F..%00")).toEqual({ path: "/a%20b/c", query: "x=%2F..%00", readings: ["/a b/c"] });
    expect(parseTarget("/")).toEqual({ path: "/", query: undefined, readings: ["/"] });
  });

  it("gives both readings where a slash is in doubt", () => {
    expect(readingsOf("/@scope%2fname")).toEqual(["/@scope%2Fname", "/@scope/name"]);
    expect(readingsOf("/a//b")).toEqual(["/a//b", "/a/b"]);
  });

  it.each([
    ["a/b", "slash"],
    ["/a/../b", "dot segment"],
    ["/a/..", "dot segment"],
    ["/./a", "dot segment"],
    ["/a/%2e%2e/b", "dot segment"],
    ["/a/.%2E/b", "dot segment"],
    ["/a%2f..%2fb", "dot segment"],
    ["/a/..;x=1/b", "dot segment"],
    ["/a//../b", "dot segment"],
    ["/a\\b", "characters"],
    ["/a%5cb", "backslash"],
    ["/a%00", "control"],
    ["/a%0d%0ab", "control"],
    ["/a%252fb", "twice"],
    ["/a%25%32%66b", "twice"],
    ["/a%zz", "broken"],
    ["/a%2", "broken"],
    ["/a#b", "characters"],
    ["/a b", "characters"],
    ["/bücher", "characters"],
    ["/a?x y", "query"],
    ["/a?x#y", "query"],
  ])("refuses %s", (text, why) => expect(readingsOf(text)).toContain(why));

  it("gives only readings without a way up and without a second encoding, whatever the text", () => {
    const piece = fc.constantFrom(
      "/",
      "%2f",
      "%2F",
      ".",
      "%2e",
      "..",
      "%25",
      "%5c",
      "\\",
      "a",
      "%61",
      ";",
      "//",
      "%",
      "é",
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => `/${pieces.join("")}`),
        (text) => {
          const target = parseTarget(text);
          if ("malformed" in target) return;
          for (const reading of target.readings) {
            expect(reading.split("/").map((segment) => segment.split(";")[0])).not.toContain("..");
            expect(reading).not.toContain("\\");
            expect(reading.replaceAll("%2F", "").replaceAll("%25", "")).not.toContain("%");
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("reads a path as WHATWG URL does, where it gives one reading", () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        const target = parseTarget(path === "" ? "/" : path);
        if ("malformed" in target || target.readings.length > 1) return;
        const seen = new URL(target.path, "http://a.example").pathname;
        expect(Buffer.from(target.readings[0] ?? "", "latin1").toString("utf8")).toBe(decodeURIComponent(seen));
      }),
      { numRuns: 40 },
    );
  });
});
