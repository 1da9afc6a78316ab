import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatConfig } from "../../../src/sandbox/workspace/git/config-entry.ts";
import { listConfig } from "../../../src/sandbox/workspace/git/list-config.ts";
import { guardHost } from "./guard-kit.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const subsection = fc
  .string({ unit: "binary", maxLength: 8 })
  .filter((text) => !/[\0\n\r]/.test(text) && text.isWellFormed());
const value = fc.string({
  unit: fc.constantFrom("a", " ", "\t", "\n", '"', "\\", "#", ";", "=", "]", "ü", "$"),
  maxLength: 12,
});

describe("formatConfig()", () => {
  it("writes what git reads back as the same entries", async () => {
    const entry = fc.record({
      key: fc.oneof(
        fc.tuple(word, word).map((parts) => parts.join(".")),
        fc.tuple(word, subsection, word).map((parts) => parts.join(".")),
      ),
      value: fc.option(value, { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 12 }), async (entries) => {
        expect(await listConfig(guardHost, Buffer.from(formatConfig(entries)))).toEqual(entries);
      }),
      { numRuns: 60 },
    );
  });
});
