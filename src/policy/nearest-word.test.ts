import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearestWord } from "./nearest-word.ts";

describe("nearestWord()", () => {
  it("finds a slip of the finger, and nothing for another word", () => {
    expect(nearestWord("hsot", ["ports", "host"])).toBe("host");
    expect(nearestWord("Mehtods", ["methods", "mounts"])).toBe("methods");
    expect(nearestWord("banana", ["host", "ports"])).toBeUndefined();
  });

  it("always finds the word itself", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1 }), fc.nat(), (words, n) => {
        const word = words[n % words.length] ?? "";
        expect(nearestWord(word, words)).toBe(word);
      }),
    );
  });
});
