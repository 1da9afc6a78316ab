/** How hard a model may think, weakest first. Apart from the schema, so that a fast path needs no zod. */
export const thinkingLevels = ["off", "minimal", "low", "medium", "high", "xhigh"] as const;
