import type { Injection, ModelApi } from "../../spec/policy.ts";
import { makeRoute, nothing, type Preset } from "./preset.ts";

interface ModelHost {
  readonly preset: string;
  readonly host: string;
  readonly variable: string;
  readonly inject: Injection;
  readonly paths: readonly string[];
  readonly model?: ModelApi;
  /** What the vendor's SDK takes for a well-formed key. */
  readonly prefix: string;
}

const make =
  (api: ModelHost): Preset =>
  ({ hostEnvironment }) => {
    const has = Boolean(hostEnvironment[api.variable]);
    const route = makeRoute({
      name: api.preset,
      host: api.host,
      methods: ["GET", "POST"],
      paths: api.paths.map((prefix) => ({ prefix })),
      ...(api.model ? { model: api.model } : {}),
      ...(has ? { credential: { name: api.preset, inject: [api.inject] } } : {}),
    });
    const text = `preset ${api.preset}: ${api.variable} is not set here, so nothing is injected at ${api.host}`;
    if (!has) return { ...nothing, routes: [route], notes: [{ level: "warning", code: "preset_unsigned", text }] };
    const need = {
      name: api.preset,
      source: { env: api.variable },
      environment: [api.variable],
      placeholder: (unique: string) => `${api.prefix}${unique}`,
    };
    return { ...nothing, routes: [route], credentials: [need] };
  };

/** `anthropic`: the Messages API, with the key of ANTHROPIC_API_KEY. */
export const anthropicPreset = make({
  preset: "anthropic",
  host: "api.anthropic.com",
  variable: "ANTHROPIC_API_KEY",
  inject: { as: "header", name: "x-api-key" },
  paths: ["/v1"],
  model: "anthropic",
  prefix: "sk-ant-api03-caisson-",
});

/** `openai`: the API below /v1, with the key of OPENAI_API_KEY. */
export const openaiPreset = make({
  preset: "openai",
  host: "api.openai.com",
  variable: "OPENAI_API_KEY",
  inject: { as: "bearer" },
  paths: ["/v1"],
  model: "openai",
  prefix: "sk-proj-caisson-",
});

/** `openrouter`: the OpenAI-shaped API, with the key of OPENROUTER_API_KEY. */
export const openrouterPreset = make({
  preset: "openrouter",
  host: "openrouter.ai",
  variable: "OPENROUTER_API_KEY",
  inject: { as: "bearer" },
  paths: ["/api/v1"],
  model: "openai",
  prefix: "sk-or-v1-caisson-",
});

/** `gemini`: the generative language API, with the key of GEMINI_API_KEY. */
export const geminiPreset = make({
  preset: "gemini",
  host: "generativelanguage.googleapis.com",
  variable: "GEMINI_API_KEY",
  inject: { as: "header", name: "x-goog-api-key" },
  paths: ["/v1", "/v1beta"],
  prefix: "AIza-caisson-",
});
