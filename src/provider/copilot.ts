import type { Route } from "../spec/policy.ts";
import { createAcpSession } from "./acp-session.ts";
import { createCopilotDecoder } from "./copilot-stream.ts";
import { copilotProviderKey, copilotToken } from "./credentials.ts";
import { providerFailure } from "./errors.ts";
import { copilotLogin } from "./logins.ts";
import { httpsRoute, openaiRoutes, signInOf } from "./model-routes.ts";
import { handOverPrompt, skillFiles } from "./prompt.ts";
import type { Provider, ProviderCredential, ProviderRequest, SessionRequest } from "./provider.ts";

/** GitHub's Copilot: `copilot`, headless with a prompt or in a terminal, with a GitHub token or a model key of one's own. */
export const copilot: Provider = {
  name: "copilot",
  summary: "GitHub's Copilot",
  binaries: ["copilot"],
  install: "npm install -g @github/copilot",
  versionArgs: ["--version"],
  credentials: [copilotToken, copilotProviderKey],
  signIn: "one",
  signInHint: 'caisson login copilot, or: export COPILOT_GITHUB_TOKEN="$(gh auth token)"',
  login: copilotLogin,
  routes: (credential) =>
    credential?.name === copilotProviderKey.name ? openaiRoutes(credential) : githubRoutes(credential),
  plan(request) {
    const { argv, ...prompt } = handOverPrompt("copilot", request, {
      instructions: () => [],
      prompt: (text) => [`--interactive=${text}`],
    });
    const headless = request.interactive ? [] : ["--output-format", "json", "--no-ask-user"];
    const model = request.model === undefined ? [] : ["--model", request.model];
    return {
      ...prompt,
      argv: [request.binary, ...headless, "--allow-all", ...quietFlags, ...model, ...argv],
      environment: { ...quiet, ...leave, ...ownProvider(request) },
      files: [...configFiles(request), ...skillFiles(`${request.home}/.copilot/skills`, request)],
    };
  },
  output: "asked",
  decoder: createCopilotDecoder,
  session: {
    abilities: {
      steer: "queued",
      answer: true,
      setModel: true,
      // With a GitHub token: with a key of one's own it offers no choice.
      thinking: ["low", "medium", "high", "xhigh"],
      compact: true,
      resume: true,
      streams: true,
    },
    keeps: [".copilot/session-state"],
    keptConversations: (files) =>
      files.flatMap((file) => /^\.copilot\/session-state\/([0-9a-f-]{36})\/events\.jsonl$/.exec(file)?.[1] ?? []),
    plan(session) {
      const { binary, asks, model, thinking, argv = [], home } = session;
      const request = { ...session, interactive: true };
      const chosen = [
        ...(model === undefined ? [] : ["--model", model]),
        ...(thinking === undefined ? [] : ["--reasoning-effort", thinking === "off" ? "none" : thinking]),
      ];
      return {
        argv: [binary, "--acp", ...(asks ? [] : ["--allow-all"]), ...quietFlags, ...chosen, ...argv],
        environment: { ...quiet, ...(asks ? {} : leave), ...ownProvider(request) },
        files: [...configFiles(request), ...skillFiles(`${home}/.copilot/skills`, request)],
      };
    },
    codec: ({ workdir, resume, asks }: SessionRequest) =>
      createAcpSession({ agent: "copilot", workdir, resume, asks, habits: { takesAnyModel: true } }),
  },
};

// GitHub's own tools would need routes to the whole of GitHub, and a session shown there is a way out of its own.
const quietFlags = ["--no-auto-update", "--disable-builtin-mcps", "--no-remote-export", "--disable-client-telemetry"];
const quiet = { COPILOT_AUTO_UPDATE: "false" };
const leave = { COPILOT_ALLOW_ALL: "true" };

const isOwnKey = ({ signedInWith }: ProviderRequest) => signedInWith.includes(copilotProviderKey.name);

/** The variables by which the CLI talks to a model API of one's own, with no account at GitHub. */
function ownProvider(request: ProviderRequest): Readonly<Record<string, string>> {
  if (!isOwnKey(request)) return {};
  const { model } = request;
  if (model === undefined) throw providerFailure("model_missing", { agent: "copilot" });
  return {
    COPILOT_OFFLINE: "true",
    COPILOT_PROVIDER_TYPE: "openai",
    COPILOT_PROVIDER_BASE_URL: "https://api.openai.com/v1",
    COPILOT_PROVIDER_WIRE_API: /^(gpt-[5-9]|o\d)/.test(model) ? "responses" : "completions",
  };
}

/** What Copilot needs of GitHub: who signs in and what they may use; and the models, on whichever host their plan has. */
function githubRoutes(credential: ProviderCredential | undefined): readonly Route[] {
  const signIn = signInOf(credential);
  const exact = (...paths: readonly string[]) => paths.map((path) => ({ exact: path }));
  const account = exact(
    "/copilot_internal/user",
    "/copilot_internal/managed_settings",
    "/copilot_internal/team_customizations",
    "/copilot_internal/content_exclusion",
    "/copilot/mcp_registry",
  );
  const models = { host: "*.githubcopilot.com", ...signIn };
  return [
    httpsRoute({ name: "copilot-account", host: "api.github.com", methods: ["GET"], paths: account, ...signIn }),
    httpsRoute({
      name: "copilot",
      ...models,
      methods: ["POST"],
      paths: exact("/chat/completions", "/responses"),
      model: "openai",
    }),
    httpsRoute({
      name: "copilot-messages",
      ...models,
      methods: ["POST"],
      paths: exact("/v1/messages"),
      model: "anthropic",
    }),
    httpsRoute({ name: "copilot-models", ...models, methods: ["GET"], paths: [{ prefix: "/models" }] }),
    httpsRoute({
      name: "copilot-session",
      ...models,
      methods: ["POST"],
      paths: [{ prefix: "/models" }],
    }),
  ];
}

/** What a person would have answered at the first start; a terminal's instructions stand where the CLI looks for the person's. */
function configFiles({ home, workdir, interactive, instructions }: ProviderRequest) {
  const settings = {
    trustedFolders: [workdir],
    banner: "never",
    autoUpdate: false,
    showTipsOnStartup: false,
    memory: false,
  };
  const dir = `${home}/.copilot`;
  const file = (path: string, text: string) => ({ path: `${dir}/${path}`, text, mode: 0o600 });
  return [
    file("settings.json", `${JSON.stringify(settings, null, 2)}\n`),
    ...(interactive && instructions !== undefined ? [file("copilot-instructions.md", `${instructions}\n`)] : []),
  ];
}
