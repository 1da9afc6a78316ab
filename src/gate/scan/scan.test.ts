import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decoderFor } from "./decoders.ts";
import { FrameScan } from "./frame-scan.ts";
import { createMasker } from "./masker.ts";
import { createScanner } from "./scanner.ts";
import { undoEscapes } from "./undo-escapes.ts";

const secret = "sk-caisson-0123456789abcdef0123456789abcdef";
const scanner = createScanner([{ credential: "key", text: secret }]);
const all = (text: string) => [...Buffer.from(text)].map((code) => code.toString(16).padStart(2, "0"));
const forms: Readonly<Record<string, string>> = {
  plain: secret,
  hex: all(secret).join(""),
  "upper-case hex": all(secret).join("").toUpperCase(),
  "percent-encoded": all(secret)
    .map((hex) => `%${hex}`)
    .join(""),
  "half percent-encoded": secret.replaceAll("s", "%73").replaceAll("-", "%2D"),
  "JSON-escaped": all(secret)
    .map((hex) => `\\u00${hex}`)
    .join(""),
  base64: Buffer.from(secret).toString("base64"),
  "base64 after one byte": Buffer.from(`x${secret}`).toString("base64"),
  "base64 after two bytes": Buffer.from(`xy${secret}z`).toString("base64"),
  base64url: Buffer.from(`?>${secret}`).toString("base64url"),
  "basic authorization": Buffer.from(`user:${secret}`).toString("base64"),
};
const splitAt = (bytes: Buffer, cuts: readonly number[]) => {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
};

describe("createScanner()", () => {
  it.each(Object.entries(forms))("finds a secret that is %s in a body, in any split", (_, form) => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(fc.nat(2_000), { maxLength: 8 }), (before, after, cuts) => {
        // In the middle of base64 or hex nothing else of the same alphabet may stand before it.
        const scan = scanner.startBody();
        const chunks = splitAt(Buffer.from(`${before} ${form} ${after}`), cuts);
        expect(chunks.map((chunk) => scan.feed(Buffer.from(chunk))).find((found) => found !== undefined)).toBe("key");
      }),
      { numRuns: 50 },
    );
  });

  it.each(Object.entries(forms).filter(([name]) => name !== "JSON-escaped"))(
    "finds a secret that is %s in a head",
    (_, form) => {
      expect(scanner.findInText(`x-a: ${form}; b`)).toBe("key");
    },
  );

  it("finds a secret that is percent-encoded twice in a head", () => {
    expect(scanner.findInText((forms["percent-encoded"] ?? "").replaceAll("%", "%25"))).toBe("key");
  });

  it("finds nothing where nothing is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(scanner.startBody().feed(Buffer.from(bytes))).toBeUndefined();
      }),
    );
    expect(createScanner([]).startBody().feed(Buffer.from(secret))).toBeUndefined();
  });

  it.each(Object.entries(forms))("redacts a secret that is %s", (_, form) => {
    const { body, found } = scanner.redact(Buffer.from(`{"a":"é ${form} "}`));
    expect(found).toEqual(["key"]);
    expect(body.toString()).toContain("[redacted credential key]");
    expect(body.toString()).toContain("é");
    expect(scanner.redact(body).found).toEqual([]);
  });

  it("leaves other bodies as they are, to the byte", () => {
    const body = gzipSync("%41 \\u0041 anything");
    expect(scanner.redact(body)).toEqual({ body, found: [] });
  });
});

describe("undoEscapes()", () => {
  it("undoes what decodeURIComponent undoes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const encoded = Buffer.from(encodeURIComponent(text));
        expect((undoEscapes(encoded) ?? encoded).toString()).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 40 },
    );
  });
});

describe("createMasker()", () => {
  it("masks with as many bytes, in any split, and loses none of the rest", () => {
    const masker = createMasker(["secret-value", "c2VjcmV0LXZhbHVl"]);
    const piece = fc.constantFrom("secret-value", "secret-", "s", "c2VjcmV0LXZhbHVl", "c2Vj", " other ", "value");
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(200)), (pieces, cuts) => {
        const text = pieces.join("");
        const mask = masker.startBody();
        const out = splitAt(Buffer.from(text), cuts).map((chunk) => mask.feed(Buffer.from(chunk)).toString());
        expect([...out, mask.end().toString()].join("")).toBe(masker.maskText(text));
      }),
    );
    expect(masker.maskText("a secret-value!")).toBe("a ************!");
  });

  it("holds back nothing that is no beginning of a credential", () => {
    expect(createMasker(["secret-value"]).startBody().feed(Buffer.from("data: hello\n\n")).toString()).toBe(
      "data: hello\n\n",
    );
  });
});

describe("FrameScan", () => {
  const frame = (payload: Buffer, mask = Buffer.from([1, 2, 3, 4])) => {
    const length =
      payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
    return Buffer.concat([Buffer.from([0x81, ...length]), mask, payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0))]);
  };

  it("finds a secret in masked frames, in any split and across frames", () => {
    fc.assert(
      fc.property(fc.nat(secret.length), fc.array(fc.nat(400)), fc.string({ maxLength: 200 }), (cut, cuts, before) => {
        const bytes = Buffer.concat([
          frame(Buffer.from(before)),
          frame(Buffer.from(secret.slice(0, cut)), Buffer.from([9, 8, 7, 6])),
          frame(Buffer.from(secret.slice(cut))),
        ]);
        const frames = new FrameScan(scanner.startBody());
        const seen = splitAt(bytes, cuts).map((chunk) => frames.feed(chunk));
        expect(seen.find((result) => result !== undefined)).toEqual({ found: "key" });
      }),
    );
  });

  it("refuses frames that are not masked, and never throws", () => {
    expect(new FrameScan(scanner.startBody()).feed(Buffer.from([0x81, 0x01, 0x61]))).toBe("malformed");
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        (bytes) => void new FrameScan(scanner.startBody()).feed(Buffer.from(bytes)),
      ),
    );
  });
});

describe("decoderFor()", () => {
  it.each(["constructor", "__proto__", "tostring", "hasownproperty"])(
    "takes %s for a coding that it does not know",
    (name) => {
      expect(decoderFor(name)).toBeUndefined();
    },
  );
});
