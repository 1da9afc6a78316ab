import { anthropicKey, openaiKey } from "./credentials.ts";
import { anthropicRoutes, openaiRoutes } from "./model-routes.ts";
import { createPiDecoder } from "./pi-stream.ts";
import { handOverPrompt, skillFiles } from "./prompt.ts";
import type { Provider } from "./provider.ts";

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
    const settings = { defaultProjectTrust: "always", quietStartup: true };
    const dir = `${request.home}/.pi/agent`;
    return {
      ...prompt,
      argv: [request.binary, ...headless, ...model, ...argv],
      // No update check, no catalogue refresh, no download of helper programs, no telemetry.
      environment: { PI_OFFLINE: "1", PI_SKIP_VERSION_CHECK: "1", PI_TELEMETRY: "0" },
      files: [
        { path: `${dir}/settings.json`, text: `${JSON.stringify(settings, null, 2)}\n`, mode: 0o600 },
        ...skillFiles(`${dir}/skills`, request),
      ],
    };
  },
  decoder: createPiDecoder,
};
