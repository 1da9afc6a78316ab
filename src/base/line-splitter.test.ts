import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineSplitter } from "./line-splitter.ts";

describe("createLineSplitter()", () => {
  it("gives the same lines whatever the split", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary" }).map((s) => s.replaceAll("\n", ""))),
        fc.array(fc.nat(7)),
        (lines, cuts) => {
          const bytes = new TextEncoder().encode(lines.map((line) => `${line.toWellFormed()}\n`).join(""));
          const split = createLineSplitter(1 << 20);
          const out: string[] = [];
          let at = 0;
          for (const cut of cuts) {
            out.push(...split(bytes.subarray(at, at + cut)));
            at += cut;
          }
          out.push(...split(bytes.subarray(at)));
          expect(out).toEqual(lines.map((line) => line.toWellFormed().replace(/^\uFEFF/, "")));
        },
      ),
    );
  });

  it("keeps U+2028 and CR inside a line", () => {
    expect(createLineSplitter(100)(new TextEncoder().encode("a\u2028b\r\n"))).toEqual(["a\u2028b\r"]);
  });

  it("throws RangeError when a line grows past the limit, with or without its end", () => {
    expect(() => createLineSplitter(4)(new Uint8Array(5))).toThrow(RangeError);
    expect(() => createLineSplitter(4)(new TextEncoder().encode("12345\n"))).toThrow(RangeError);
  });
});
