import type { ProviderCredential } from "./provider.ts";

/**
 * What every placeholder ends with: people see what it is, and Claude Code, which asks about a key that it does not know
 * by its last 20 characters, can be told beforehand.
 */
export const placeholderTail = "-caisson-placeholder";

/** A key of Anthropic's API. */
export const anthropicKey: ProviderCredential = {
  name: "anthropic-api-key",
  variable: "ANTHROPIC_API_KEY",
  source: { env: "ANTHROPIC_API_KEY" },
  inject: [{ as: "header", name: "x-api-key" }],
  placeholder: (unique) => `sk-ant-api03-${unique}${placeholderTail}`,
};

/** A token that `claude setup-token` made: a subscription's, not a key. */
export const claudeCodeToken: ProviderCredential = {
  name: "claude-code-token",
  variable: "CLAUDE_CODE_OAUTH_TOKEN",
  source: { env: "CLAUDE_CODE_OAUTH_TOKEN" },
  inject: [{ as: "bearer" }],
  placeholder: (unique) => `sk-ant-oat01-${unique}${placeholderTail}`,
};

/** A key of OpenAI's API. */
export const openaiKey: ProviderCredential = {
  name: "openai-api-key",
  variable: "OPENAI_API_KEY",
  source: { env: "OPENAI_API_KEY" },
  inject: [{ as: "bearer" }],
  placeholder: (unique) => `sk-proj-${unique}${placeholderTail}`,
};
