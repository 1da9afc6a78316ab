import { createCodexSession, thinkingLevels } from "./codex-session.ts";
import { createCodexDecoder } from "./codex-stream.ts";
import { codexKey, codexLogin, openaiKey } from "./credentials.ts";
import { codexChatgptLogin } from "./logins.ts";
import { chatgptRoutes, openaiRoutes } from "./model-routes.ts";
import { handOverPrompt, skillFiles } from "./prompt.ts";
import type { Provider, ProviderPlan, ProviderRequest, ProviderSession } from "./provider.ts";

/** The sandbox is the permission system; one of the CLI's own cannot be made inside another. */
const unsandboxed = "--dangerously-bypass-approvals-and-sandbox";
const modelOf = ({ model }: Pick<ProviderRequest, "model">) => (model === undefined ? [] : ["--model", model]);

/** `codex app-server`: what a person decides about a conversation is told to it there, not on its command line. */
const session: ProviderSession = {
  abilities: {
    steer: "now",
    answer: true,
    setModel: true,
    thinking: thinkingLevels,
    compact: true,
    resume: true,
    streams: true,
  },
  keeps: [".codex/sessions"],
  keptConversations: (files) =>
    files.flatMap(
      (file) => /^\.codex\/sessions\/.*\/rollout-.*-([0-9a-f]{8}-[0-9a-f-]{27})\.jsonl$/.exec(file)?.[1] ?? [],
    ),
  planScreen: (request) => ({
    argv: [
      ...[request.binary, "resume", "--no-daemon", unsandboxed, ...modelOf(request), ...(request.argv ?? [])],
      ...(request.resume === undefined ? [] : [request.resume]),
    ],
    environment: {},
    files: filesOf({ ...request, interactive: true }),
  }),
  plan: (request) => ({
    argv: [request.binary, "app-server", ...(request.argv ?? [])],
    environment: {},
    files: filesOf({ ...request, interactive: false }),
  }),
  codec: createCodexSession,
};

/** OpenAI's Codex: `codex`, headless with a prompt or in a terminal. */
export const codex: Provider = {
  name: "codex",
  summary: "OpenAI's Codex",
  binaries: ["codex"],
  install: "npm install -g @openai/codex",
  versionArgs: ["--version"],
  credentials: [openaiKey, codexKey, codexLogin],
  signIn: "one",
  signInHint: "caisson login codex, or: export OPENAI_API_KEY=…",
  login: codexChatgptLogin,
  routes: (credential) => (credential?.name === codexLogin.name ? chatgptRoutes(credential) : openaiRoutes(credential)),
  plan(request) {
    const { argv, ...prompt } = handOverPrompt("codex", request, { instructions: () => [] });
    // A server behind its screen would be asked over a unix socket, which no program inside may open.
    const headless = request.interactive ? ["--no-daemon"] : ["exec", "--json", "--skip-git-repo-check"];
    const schema = request.outputSchema && schemaFile(request.home, request.outputSchema);
    const output = schema === undefined ? [] : ["--output-schema", schema.path];
    return {
      ...prompt,
      argv: [request.binary, ...headless, unsandboxed, ...modelOf(request), ...output, ...argv],
      environment: {},
      files: [...filesOf(request), ...(schema === undefined ? [] : [schema])],
    };
  },
  words: { reads: ["AGENTS.md"], homeFile: ".codex/AGENTS.md" },
  output: "native",
  decoder: createCodexDecoder,
  session,
};

const filesOf = (request: ProviderRequest): ProviderPlan["files"] => [
  { path: `${request.home}/.codex/config.toml`, text: configText(request), mode: 0o600 },
  ...skillFiles(`${request.home}/.codex/skills`, request),
];

const schemaFile = (home: string, schema: object) => ({
  path: `${home}/.codex/output-schema.json`,
  text: JSON.stringify(schema),
  mode: 0o600,
});

/**
 * The key is read from a variable, by a model provider of our own that is OpenAI in all but the way to sign in: the CLI's own
 * would ask for a login first. No telemetry, no update check, no question about trust in the folder.
 */
function configText({ interactive, instructions, signedInWith, workdir, accountId }: ProviderRequest): string {
  const key = [codexLogin, codexKey].find(({ name }) => signedInWith.includes(name)) ?? openaiKey;
  const isLogin = key === codexLogin;
  return [
    'model_provider = "openai-key"',
    "check_for_update_on_startup = false",
    ...(interactive && instructions !== undefined ? [`developer_instructions = ${tomlText(instructions)}`] : []),
    "[model_providers.openai-key]",
    'name = "OpenAI"',
    `base_url = "${isLogin ? "https://chatgpt.com/backend-api/codex" : "https://api.openai.com/v1"}"`,
    `env_key = ${tomlText(key.variable)}`,
    ...(isLogin && accountId !== undefined ? [`http_headers = { "chatgpt-account-id" = ${tomlText(accountId)} }`] : []),
    'wire_api = "responses"',
    "supports_websockets = false",
    "[tui]",
    "show_tooltips = false",
    "[analytics]",
    "enabled = false",
    "[features]",
    "plugins = false",
    "[feedback]",
    "enabled = false",
    `[projects.${tomlText(workdir)}]`,
    'trust_level = "trusted"',
    "",
  ].join("\n");
}

/** A basic string of TOML is one of JSON, but for DEL. */
const tomlText = (text: string) => JSON.stringify(text).replaceAll("\x7f", "\\u007f");
