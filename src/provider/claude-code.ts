import type { Route } from "../spec/policy.ts";
import { createClaudeCodeCodec, thinkingLevels } from "./claude-code-session.ts";
import { createClaudeCodeDecoder } from "./claude-code-stream.ts";
import { anthropicKey, claudeCodeToken, placeholderTail } from "./credentials.ts";
import { claudeLogin } from "./logins.ts";
import { anthropicRoutes, httpsRoute, signInOf } from "./model-routes.ts";
import { handOverPrompt, skillFiles } from "./prompt.ts";
import type { Provider, ProviderCredential, ProviderPlan, ProviderRequest, SessionRequest } from "./provider.ts";

/** Claude Code: `claude`, headless with a prompt or in a terminal. */
export const claudeCode: Provider = {
  name: "claude-code",
  summary: "Anthropic's Claude Code",
  binaries: ["claude"],
  install: "npm install -g @anthropic-ai/claude-code",
  versionArgs: ["--version"],
  credentials: [anthropicKey, claudeCodeToken],
  signIn: "one",
  signInHint: "caisson login claude-code, or: export ANTHROPIC_API_KEY=…",
  login: claudeLogin,
  routes: (credential) => [...anthropicRoutes(credential), settingsRoute(credential)],
  plan(request) {
    const { argv, ...prompt } = handOverPrompt("claude-code", request);
    const headless = request.interactive ? [] : ["-p", "--output-format", "stream-json", "--verbose"];
    const model = request.model === undefined ? [] : ["--model", request.model];
    const output = request.outputSchema === undefined ? [] : ["--json-schema", JSON.stringify(request.outputSchema)];
    return {
      ...prompt,
      // The sandbox is the permission system: inside, the CLI does not ask.
      argv: [request.binary, ...headless, "--dangerously-skip-permissions", ...model, ...output, ...argv],
      environment: quiet,
      files: [...configFiles(request), ...skillFiles(`${request.home}/.claude/skills`, request)],
    };
  },
  words: { reads: ["CLAUDE.md", "AGENTS.md"], homeFile: ".claude/CLAUDE.md" },
  output: "native",
  decoder: createClaudeCodeDecoder,
  session: {
    abilities: {
      steer: "now",
      answer: true,
      setModel: true,
      thinking: thinkingLevels,
      compact: true,
      resume: true,
      streams: true,
    },
    keeps: [".claude/projects"],
    keptConversations: (files) =>
      files.flatMap((file) => /^\.claude\/projects\/[^/]+\/([0-9a-f-]{36})\.jsonl$/.exec(file)?.[1] ?? []),
    planScreen: (request) => planWith(request, ["--dangerously-skip-permissions"]),
    plan: planSession,
    codec: createClaudeCodeCodec,
  },
};

function planSession(request: SessionRequest): ProviderPlan {
  return planWith(request, [
    ...["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"],
    ...["--include-partial-messages", "--permission-prompt-tool", "stdio"],
    ...(request.asks ? [] : ["--dangerously-skip-permissions"]),
  ]);
}

function planWith(request: SessionRequest, mode: readonly string[]): ProviderPlan {
  const { instructions, model, resume } = request;
  return {
    argv: [
      request.binary,
      ...mode,
      ...(model === undefined ? [] : ["--model", model]),
      ...(instructions === undefined ? [] : ["--append-system-prompt", instructions]),
      ...(resume === undefined ? [] : ["--resume", resume]),
      ...(request.argv ?? []),
    ],
    environment: quiet,
    files: [...configFiles(request), ...skillFiles(`${request.home}/.claude/skills`, request)],
  };
}

// Nothing but what the work needs leaves: no updates, telemetry, error reports or surveys.
const quiet = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
  DISABLE_TELEMETRY: "1",
  DISABLE_ERROR_REPORTING: "1",
};

/** An organisation's managed settings and limits, which the CLI asks for at its start. */
function settingsRoute(credential: ProviderCredential | undefined): Route {
  const paths = [{ exact: "/api/claude_code/settings" }, { exact: "/api/claude_code/policy_limits" }];
  const host = "api.anthropic.com";
  const model = "anthropic";
  return httpsRoute({ name: "claude-code-settings", host, methods: ["GET"], paths, model, ...signInOf(credential) });
}

/** What a person would have answered at the first start: theme, trust in the folder, use of the key. */
function configFiles({ home, workdir }: Pick<ProviderRequest, "home" | "workdir">) {
  const state = {
    hasCompletedOnboarding: true,
    bypassPermissionsModeAccepted: true,
    autoUpdates: false,
    customApiKeyResponses: { approved: [placeholderTail], rejected: [] },
    projects: { [workdir]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
  };
  // The gate decides which hosts may be read: the CLI need not ask its maker first.
  const settings = { skipDangerousModePermissionPrompt: true, skipWebFetchPreflight: true };
  const file = (path: string, value: object) => ({ path, text: `${JSON.stringify(value, null, 2)}\n`, mode: 0o600 });
  return [file(`${home}/.claude.json`, state), file(`${home}/.claude/settings.json`, settings)];
}
