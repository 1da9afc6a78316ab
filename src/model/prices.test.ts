import { describe, expect, it } from "vitest";
import { priceUsage } from "./prices.ts";

const usage = { inputTokens: 600, outputTokens: 178, cacheReadTokens: 10_000, cacheWriteTokens: 0 };

describe("priceUsage()", () => {
  it("prices a use as Claude Code itself does", () => {
    expect(priceUsage("claude-opus-5-5", usage)).toBeCloseTo(0.00796, 10);
  });

  it("knows a dated name, and guesses no price", () => {
    expect(priceUsage("claude-haiku-4-5-20251001", usage)).toBe(priceUsage("claude-haiku-4-5", usage));
    expect(priceUsage("gpt-5-2025-08-07", usage)).toBe(priceUsage("gpt-5", usage));
    expect(priceUsage("llama-unknown", usage)).toBeUndefined();
  });
});
