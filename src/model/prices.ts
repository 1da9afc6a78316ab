import type { Usage } from "../spec/events.ts";

/** US dollars per million tokens: input, output, cache read, cache write (five minutes). */
type Price = readonly [input: number, output: number, cacheRead: number, cacheWrite: number];

// List prices of the vendors' own APIs, standard tier and short context, as of November 2026. Source: the price tables that
// Claude Code 2.1.329 and pi 0.87.1 ship. A model that is not here has no price: its tokens are counted, its cost is not guessed.
const prices: Readonly<Record<string, Price>> = {
  "claude-fable-5": [10, 50, 1, 12.5],
  "claude-opus-5-5": [4, 20, 0.2, 5],
  "claude-opus-5": [5, 25, 0.5, 6.25],
  "claude-opus-4-8": [5, 25, 0.5, 6.25],
  "claude-opus-4-7": [5, 25, 0.5, 6.25],
  "claude-opus-4-6": [5, 25, 0.5, 6.25],
  "claude-opus-4-5": [5, 25, 0.5, 6.25],
  "claude-sonnet-5": [2, 10, 0.2, 2.5],
  "claude-sonnet-4-6": [3, 15, 0.3, 3.75],
  "claude-sonnet-4-5": [3, 15, 0.3, 3.75],
  "claude-haiku-4-5": [1, 5, 0.1, 1.25],
  "gpt-6-sol": [2, 10, 0.2, 2.5],
  "gpt-6-luna": [0.1, 0.5, 0.01, 0.125],
  "gpt-5.5": [5, 30, 0.5, 0],
  "gpt-5.4": [2.5, 15, 0.25, 0],
  "gpt-5.4-mini": [0.75, 4.5, 0.075, 0],
  "gpt-5.2": [1.75, 14, 0.175, 0],
  "gpt-5.1": [1.25, 10, 0.125, 0],
  "gpt-5": [1.25, 10, 0.125, 0],
  "gpt-5-mini": [0.25, 2, 0.025, 0],
  "gpt-4.1": [2, 8, 0.5, 0],
};

/** What a use of `model` costs in US dollars by list price; undefined when the price is not known. */
export function priceUsage(model: string, usage: Usage): number | undefined {
  // A dated name (`claude-haiku-4-5-20251001`, `gpt-5-2025-08-07`) has its model's price.
  const price = prices[model] ?? prices[model.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, "")];
  if (!price) return undefined;
  const [input, output, cacheRead, cacheWrite] = price;
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  const sum = inputTokens * input + outputTokens * output + cacheReadTokens * cacheRead + cacheWriteTokens * cacheWrite;
  return sum / 1_000_000;
}
