import { anthropicKey, openaiKey } from "./credentials.ts";
import { anthropicRoutes, openaiRoutes } from "./model-routes.ts";
import { askingExtension } from "./pi-asking.ts";
import { createPiSession, thinkingLevels } from "./pi-session.ts";
import { createPiDecoder } from "./pi-stream.ts";
import { handOverPrompt, skillFiles } from "./prompt.ts";
import type { Provider, ProviderPlan, ProviderSession, SessionRequest } from "./provider.ts";

const dirOf = (home: string) => `${home}/.pi/agent`;

/** No update check, no catalogue refresh, no download of helper programs, no telemetry. */
const environment = { PI_OFFLINE: "1", PI_SKIP_VERSION_CHECK: "1", PI_TELEMETRY: "0" };

/** `pi --mode rpc`. */
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
  keeps: [".pi/agent/sessions"],
  keptConversations: (files) =>
    files.flatMap((file) => /^\.pi\/agent\/sessions\/[^/]+\/[^/_]+_([0-9a-zA-Z-]+)\.jsonl$/.exec(file)?.[1] ?? []),
  planScreen: (request) => planWith(request, []),
  plan: (request) => planWith(request, ["--mode", "rpc"]),
  codec: createPiSession,
};

function planWith(request: SessionRequest, mode: readonly string[]): ProviderPlan {
  const { model, thinking, resume, instructions, asks } = request;
  const dir = dirOf(request.home);
  const told = `${dir}/instructions.md`;
  const options = {
    "--model": model,
    "--thinking": thinking,
    // Makes it anew where nothing was said in it yet: then there is no file of it.
    "--session-id": resume,
    "--append-system-prompt": instructions === undefined ? undefined : told,
  };
  const chosen = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return {
    argv: [request.binary, ...mode, ...chosen, ...(request.argv ?? [])],
    environment,
    files: [
      ...filesOf(request),
      ...(instructions === undefined ? [] : [{ path: told, text: instructions, mode: 0o600 }]),
      ...(asks ? [{ path: `${dir}/extensions/caisson-ask.js`, text: askingExtension, mode: 0o600 }] : []),
    ],
  };
}

/** pi: `pi`, headless with a prompt or in a terminal, with Anthropic's models or OpenAI's. */
export const pi: Provider = {
  name: "pi",
  summary: "pi, the coding agent",
  binaries: ["pi"],
  install: "npm install -g @earendil-works/pi-coding-agent",
  versionArgs: ["--version"],
  credentials: [anthropicKey, openaiKey],
  signIn: "any",
  signInHint: "export ANTHROPIC_API_KEY=…, or OPENAI_API_KEY=…",
  routes: (credential) =>
    credential?.name === openaiKey.name ? openaiRoutes(credential) : anthropicRoutes(credential),
  plan(request) {
    const { argv, ...prompt } = handOverPrompt("pi", request);
    const headless = request.interactive ? [] : ["-p", "--mode", "json"];
    const model = request.model === undefined ? [] : ["--model", request.model];
    return {
      ...prompt,
      argv: [request.binary, ...headless, ...model, ...argv],
      environment,
      files: filesOf(request),
    };
  },
  words: { reads: ["AGENTS.md", "CLAUDE.md"], homeFile: ".pi/agent/AGENTS.md" },
  output: "asked",
  decoder: createPiDecoder,
  session,
};

function filesOf(request: Pick<SessionRequest, "home" | "skills">): ProviderPlan["files"] {
  const settings = { defaultProjectTrust: "always", quietStartup: true };
  const dir = dirOf(request.home);
  return [
    { path: `${dir}/settings.json`, text: `${JSON.stringify(settings, null, 2)}\n`, mode: 0o600 },
    ...skillFiles(`${dir}/skills`, request),
  ];
}
