import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyReader } from "./body-reader.ts";
import type { Framing } from "./framing.ts";

function readAll(framing: Framing, mode: "strict" | "tolerant", chunks: readonly Buffer[]) {
  const reader = new BodyReader(framing, mode);
  const body: Buffer[] = [];
  let ends = 0;
  let rest = "";
  for (const chunk of chunks) {
    if (reader.isDone) {
      rest += chunk.toString("latin1");
      continue;
    }
    const at = reader.feed(chunk, 0, { data: (bytes) => void body.push(bytes), end: () => void ends++ });
    if (at < 0) return "malformed";
    rest += chunk.toString("latin1", at);
  }
  return { body: Buffer.concat(body).toString("latin1"), ends, rest };
}

const split = (text: string, cuts: readonly number[]): Buffer[] => {
  const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => Buffer.from(text.slice(from, at[i] ?? text.length), "latin1"));
};
const chunked: Framing = { kind: "chunked" };

describe("BodyReader", () => {
  it("finds the end of a chunked body in any split, and leaves what follows", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 40 }), { maxLength: 6 }),
        fc.array(fc.nat(500), { maxLength: 20 }),
        (parts, cuts) => {
          const text = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("");
          for (const mode of ["strict", "tolerant"] as const) {
            expect(readAll(chunked, mode, split(`${text}0\r\n\r\nNEXT`, cuts))).toEqual({
              body: parts.join(""),
              ends: 1,
              rest: "NEXT",
            });
          }
        },
      ),
    );
  });

  it("finds the end of a body of known length in any split", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", minLength: 1 }), fc.array(fc.nat(500)), (text, cuts) => {
        const framing: Framing = { kind: "length", length: text.length };
        expect(readAll(framing, "strict", split(`${text}NEXT`, cuts))).toEqual({ body: text, ends: 1, rest: "NEXT" });
      }),
    );
  });

  it("drops trailers", () => {
    expect(readAll(chunked, "strict", split("1\r\na\r\n0\r\nX-A: 1\r\nHost: evil\r\n\r\n", []))).toMatchObject({
      body: "a",
    });
  });

  it.each([
    "5;ext=1\r\nhello\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "5\nhello\n0\n\n",
    "5\r\nhelloXX0\r\n\r\n",
    "\r\n\r\n",
    "-5\r\nhello\r\n",
    "fffffffff\r\n",
    `${"0".repeat(400)}\r\n\r\n`,
    `0\r\n${"a: b\r\n".repeat(3_000)}\r\n`,
  ])("refuses the chunks %j of a request", (text) =>
    expect(readAll(chunked, "strict", split(text, []))).toBe("malformed"),
  );

  it("bears chunk extensions in an answer", () => {
    expect(readAll(chunked, "tolerant", split("5;a=b\r\nhello\r\n000\r\n\r\n", []))).toMatchObject({ body: "hello" });
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (bytes, cuts) => {
        readAll(chunked, "strict", split(Buffer.from(bytes).toString("latin1"), cuts));
      }),
    );
  });
});
