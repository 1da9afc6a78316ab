import { createAcpSession } from "./acp-session.ts";
import { anthropicKey, openaiKey } from "./credentials.ts";
import { anthropicRoutes, openaiRoutes } from "./model-routes.ts";
import { createOpencodeDecoder } from "./opencode-stream.ts";
import { handOverPrompt, skillFiles } from "./prompt.ts";
import type { Provider, ProviderRequest } from "./provider.ts";

/** opencode: `opencode`, headless with a prompt or in a terminal, with Anthropic's models or OpenAI's. */
export const opencode: Provider = {
  name: "opencode",
  summary: "opencode",
  binaries: ["opencode"],
  install: "npm install -g opencode-ai",
  versionArgs: ["--version"],
  credentials: [anthropicKey, openaiKey],
  signIn: "any",
  signInHint: "export ANTHROPIC_API_KEY=…, or OPENAI_API_KEY=…",
  routes: (credential) =>
    credential?.name === openaiKey.name ? openaiRoutes(credential) : anthropicRoutes(credential),
  plan(request) {
    const { argv, ...prompt } = handOverPrompt("opencode", request, {
      instructions: () => [],
      prompt: (text) => [`--prompt=${text}`],
    });
    const headless = request.interactive ? [] : ["run", "--format", "json", "--thinking"];
    const model = request.model === undefined ? [] : ["--model", request.model];
    return {
      ...prompt,
      argv: [request.binary, ...headless, ...model, ...argv],
      environment: quiet,
      files: [...configFiles(request, "allow"), ...skillFiles(`${configDir(request)}/skills`, request)],
    };
  },
  output: "asked",
  decoder: createOpencodeDecoder,
  session: {
    abilities: {
      steer: "queued",
      answer: true,
      setModel: true,
      thinking: ["low", "medium", "high", "xhigh"],
      compact: true,
      resume: true,
      streams: true,
    },
    keeps: [".local/share/opencode"],
    plan(session) {
      const { binary, asks, argv = [] } = session;
      const request = { ...session, interactive: true };
      // It asks before what changes something or leaves; reading is what the sandbox lets it see anyway.
      const permission = asks ? { edit: "ask", bash: "ask", webfetch: "ask" } : "allow";
      return {
        argv: [binary, "acp", ...argv],
        environment: quiet,
        files: [...configFiles(request, permission), ...skillFiles(`${configDir(request)}/skills`, request)],
      };
    },
    codec: ({ workdir, resume, asks, model, thinking }) =>
      createAcpSession({
        agent: "opencode",
        workdir,
        resume,
        asks,
        model,
        thinking,
        habits: { toolInput: "progress", compacts: true },
      }),
  },
};

// No catalogue, update, language server or share: nothing but the model is asked.
const quiet = {
  OPENCODE_DISABLE_MODELS_FETCH: "1",
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_SHARE: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  // It writes into a project's .opencode before all else, and ends where it may not: the guard keeps that read-only.
  OPENCODE_DISABLE_PROJECT_CONFIG: "1",
};

const configDir = ({ home }: ProviderRequest) => `${home}/.config/opencode`;

/** The sandbox is the permission system; and no model but those that the run signs in to: it would ask its maker's own. */
function configFiles(request: ProviderRequest, permission: object | string) {
  const { interactive, instructions, signedInWith, workdir } = request;
  const isTold = interactive && instructions !== undefined;
  const told = `${configDir(request)}/instructions.md`;
  const config = {
    autoupdate: false,
    share: "disabled",
    permission,
    enabled_providers: [
      ...(signedInWith.includes(anthropicKey.name) ? ["anthropic"] : []),
      ...(signedInWith.includes(openaiKey.name) ? ["openai"] : []),
    ],
    // The project's own are read with the rest of its configuration, or not at all.
    instructions: [`${workdir}/AGENTS.md`, `${workdir}/CLAUDE.md`, ...(isTold ? [told] : [])],
  };
  // As if its helper package for plugins were there: it would ask a registry for it at each start, and wait.
  const lock = { packages: { "": { dependencies: { "@opencode-ai/plugin": "*" } } } };
  const file = (name: string, text: string) => ({ path: `${configDir(request)}/${name}`, text, mode: 0o600 });
  return [
    file("opencode.json", `${JSON.stringify(config, null, 2)}\n`),
    file("package-lock.json", `${JSON.stringify(lock)}\n`),
    file("node_modules/.keep", ""),
    ...(isTold ? [file("instructions.md", `${instructions}\n`)] : []),
  ];
}
