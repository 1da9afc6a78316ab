import type { ManifestLayer } from "./manifest-layer.ts";

/** The variables whose value the person is asked for at launch (`{ ask: QUESTION }`), by name; a flag answers too. */
export function environmentQuestions(
  layers: readonly ManifestLayer[],
  flags: readonly string[],
): Readonly<Record<string, string>> {
  const questions: Record<string, string> = {};
  for (const layer of layers) {
    for (const [name, variable] of Object.entries(layer.manifest.environment)) {
      if (typeof variable === "object" && "ask" in variable) questions[name] = variable.ask;
      else delete questions[name];
    }
  }
  for (const flag of flags) delete questions[flag.replace(/=.*$/s, "")];
  return questions;
}
