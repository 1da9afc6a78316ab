import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileFields } from "./field-tests.ts";
import { swapText } from "./swap-text.ts";

const json = "application/json";
const mint = ({ value }: { readonly value: string }) => `<${Buffer.from(value).toString("hex")}>`;
const hex = (text: string) => `<${Buffer.from(text).toString("hex")}>`;

describe("compileFields()", () => {
  it.each([
    ["token", ["a", "Token"], true],
    ["token", ["token", "[]"], true],
    ["token", ["token_type"], false],
    ["a.b", ["a", "b"], true],
    ["a.b", ["x", "a", "b"], false],
    ["a[].b", ["a", "[]", "b"], true],
    ["a.*.b", ["a", "anything", "b"], true],
    ["a.*.b", ["a", "[]", "b"], false],
  ])("%s at %j: %s", (field, path, is) => {
    expect(compileFields([field])[0]?.(path)).toBe(is);
  });
});

describe("swapText()", () => {
  it("swaps whatever hangs below a secret field, numbers too, and leaves the rest", () => {
    const text = JSON.stringify({ token: { a: ["secret-1", 12_345_678], b: null, c: true }, expires_in: 5 });
    const swapped = swapText(text, json, ["token"], mint);
    expect("text" in swapped && JSON.parse(swapped.text)).toEqual({
      token: { a: [hex("secret-1"), hex("12345678")], b: null, c: true },
      expires_in: 5,
    });
  });

  it("leaves no text of a field that is named, whatever stands around it", () => {
    const secret = fc.string({ minLength: 8, unit: "grapheme-ascii" }).filter((text) => text.trim().length > 7);
    fc.assert(
      fc.property(secret, fc.jsonValue({ maxDepth: 3 }), (token, around) => {
        const text = JSON.stringify({ around, list: [{ deep: { Access_Token: token } }], copy: `>${token}<` });
        const swapped = swapText(text, json, [], mint);
        const parsed = "text" in swapped ? (JSON.parse(swapped.text) as { list: unknown; copy: string }) : undefined;
        expect(JSON.stringify(parsed?.list)).not.toContain(JSON.stringify(token).slice(1, -1));
      }),
    );
  });
});
