import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanText } from "./clean-text.ts";
import { createTerminalCleaner } from "./terminal-cleaner.ts";

const cleanAll = (pieces: readonly Uint8Array[]) => {
  const cleaner = createTerminalCleaner();
  return pieces.map((piece) => cleaner.clean(piece)).join("") + cleaner.end();
};
const bytes = (text: string) => new TextEncoder().encode(text);

describe("cleanText()", () => {
  it.each([
    ["clipboard", "\u001b]52;c;aGk=\u0007", "␛]52;c;aGk=␇"],
    ["title", "\u001b]0;owned\u0007", "␛]0;owned␇"],
    ["cursor", "a\u001b[2Kb\rc", "a␛[2Kb␍c"],
    ["C1 control", "\u009b2J", "<9b>2J"],
    ["turned text", "safe\u202eexe.", "safe<202e>exe."],
  ])("makes a %s sequence visible", (_, text, shown) => {
    expect(cleanText(text)).toBe(shown);
  });

  it("leaves line ends, tabs and other scripts", () => {
    expect(cleanText("a\tb\nñ 漢 🎉")).toBe("a\tb\nñ 漢 🎉");
  });
});

describe("createTerminalCleaner()", () => {
  it("lets colours through and nothing else", () => {
    expect(cleanAll([bytes("\u001b[1;31mred\u001b[0m \u001b[2J\u001b]52;c;eA==\u0007\r\n")])).toBe(
      "\u001b[1;31mred\u001b[0m ␛[2J␛]52;c;eA==␇\n",
    );
  });

  it("never emits an escape that is not a whole colour, whatever the pieces", () => {
    const part = fc.constantFrom("\u001b", "[", "3", ";", "1", "m", "J", "]52;c;", "\u0007", "\r", "\n", "\u009b", "x");
    fc.assert(
      fc.property(fc.array(fc.array(part, { maxLength: 6 }), { maxLength: 8 }), (pieces) => {
        const cleaned = cleanAll(pieces.map((piece) => bytes(piece.join(""))));
        const withoutColours = cleaned.replace(/\u001b\[[0-9;:]*m/g, "");
        expect(withoutColours).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
        expect(cleaned).toBe(cleanAll([bytes(pieces.flat().join(""))]));
      }),
    );
  });
});
