import { claudeCodeToken, codexLogin, copilotToken } from "./credentials.ts";
import type { FoundLogin, ProviderLogin } from "./login.ts";

// Client ids and addresses are those of the vendors' own CLIs: @anthropic-ai/claude-code 2.1.329, @openai/codex 0.169.0,
// @github/copilot 1.0.102. None of them is a secret.

const anthropicScope = "user:profile user:inference user:sessions:claude_code user:mcp_servers user:file_upload";

/** A Claude subscription. */
export const claudeLogin: ProviderLogin = {
  credential: claudeCodeToken.name,
  clientId: "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
  tokenUrl: "https://platform.claude.com/v1/oauth/token",
  flow: {
    kind: "pasted code",
    authorizeUrl: "https://claude.com/cai/oauth/authorize",
    redirectUrl: "https://platform.claude.com/oauth/code/callback",
    scope: anthropicScope,
    parameters: { code: "true" },
    encoding: "json",
  },
  refresh: { encoding: "json", scope: anthropicScope },
  onHost: [
    {
      from: { file: ".claude/.credentials.json", variable: "CLAUDE_CONFIG_DIR" },
      read: (text) => {
        const login = objectOf(parse(text)?.claudeAiOauth);
        return found({ access: login?.accessToken, refresh: login?.refreshToken, expiresAt: login?.expiresAt });
      },
    },
  ],
};

const openaiIssuer = "https://auth.openai.com";

/** A ChatGPT subscription. */
export const codexChatgptLogin: ProviderLogin = {
  credential: codexLogin.name,
  clientId: "app_EMoamEEZ73f0CkXaXp7hrann",
  tokenUrl: `${openaiIssuer}/oauth/token`,
  flow: {
    kind: "openai device code",
    codeUrl: `${openaiIssuer}/api/accounts/deviceauth/usercode`,
    pollUrl: `${openaiIssuer}/api/accounts/deviceauth/token`,
    pageUrl: `${openaiIssuer}/codex/device`,
    redirectUrl: `${openaiIssuer}/deviceauth/callback`,
  },
  refresh: { encoding: "json" },
  onHost: [
    {
      from: { file: ".codex/auth.json", variable: "CODEX_HOME" },
      read: (text) => {
        const tokens = objectOf(parse(text)?.tokens);
        return found({ access: tokens?.access_token, refresh: tokens?.refresh_token, id: tokens?.id_token });
      },
    },
  ],
};

/** A GitHub account with Copilot. Its token has no end; it is over when the person withdraws it. */
export const copilotLogin: ProviderLogin = {
  credential: copilotToken.name,
  clientId: "Ov23ctDVkRmgkPke0Mmm",
  tokenUrl: "https://github.com/login/oauth/access_token",
  flow: { kind: "device code", codeUrl: "https://github.com/login/device/code", scope: "read:user" },
  onHost: [
    {
      from: { command: ["gh", "auth", "token"] },
      read: (text) => found({ access: /^gh[a-z]_\w+\s*$/.test(text) ? text.trim() : undefined }),
    },
  ],
};

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null ? (value as Json) : undefined;

function parse(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function found(given: {
  readonly access: unknown;
  readonly refresh?: unknown;
  readonly id?: unknown;
  readonly expiresAt?: unknown;
}): FoundLogin | undefined {
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  const accessToken = text(given.access);
  if (accessToken === undefined) return undefined;
  const [refreshToken, idToken] = [text(given.refresh), text(given.id)];
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    ...(typeof given.expiresAt === "number" && given.expiresAt > 0 && { expiresAt: given.expiresAt }),
  };
}
