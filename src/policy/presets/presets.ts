import { githubPreset } from "./github-preset.ts";
import { anthropicPreset, geminiPreset, openaiPreset, openrouterPreset } from "./model-presets.ts";
import { aptPreset, goPreset, npmPreset, pypiPreset } from "./package-presets.ts";
import type { Preset } from "./preset.ts";

/** Every preset by its name, as `preset: NAME` in a manifest and `--allow NAME` take it. */
export const presets: Readonly<Record<string, Preset>> = {
  npm: npmPreset,
  pypi: pypiPreset,
  apt: aptPreset,
  go: goPreset,
  github: githubPreset,
  anthropic: anthropicPreset,
  openai: openaiPreset,
  openrouter: openrouterPreset,
  gemini: geminiPreset,
};

/** Which package clients have to be looked at for these presets; the others cost a launch nothing. */
export function clientsOfPresets(names: readonly string[]): readonly ("npm" | "pip" | "apt" | "go")[] {
  const clients = { npm: "npm", pypi: "pip", apt: "apt", go: "go" } as const;
  return Object.entries(clients).flatMap(([preset, client]) => (names.includes(preset) ? [client] : []));
}
