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

/** The same under the name that Codex alone knows. */
export const codexKey: ProviderCredential = {
  ...openaiKey,
  name: "codex-api-key",
  variable: "CODEX_API_KEY",
  source: { env: "CODEX_API_KEY" },
};

/** The access token of a ChatGPT subscription, which `caisson login codex` keeps and renews. */
export const codexLogin: ProviderCredential = {
  ...openaiKey,
  name: "codex-login",
  variable: "CODEX_CHATGPT_TOKEN",
  source: { env: "CODEX_CHATGPT_TOKEN" },
  placeholder: (unique) => `chatgpt-${unique}${placeholderTail}`,
};

/** A GitHub token whose owner may use Copilot. The CLI knows kinds of tokens by how they begin. */
export const copilotToken: ProviderCredential = {
  name: "copilot-github-token",
  variable: "COPILOT_GITHUB_TOKEN",
  source: { env: "COPILOT_GITHUB_TOKEN" },
  inject: [{ as: "bearer" }],
  placeholder: (unique) => `gho_${unique}${placeholderTail}`,
};

/** A key of a model API of one's own, for Copilot. */
export const copilotProviderKey: ProviderCredential = {
  ...openaiKey,
  name: "copilot-provider-key",
  variable: "COPILOT_PROVIDER_API_KEY",
  source: { env: "COPILOT_PROVIDER_API_KEY" },
};
