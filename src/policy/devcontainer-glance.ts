/** The keys of a `devcontainer.json` that we take as requests, beside `customizations.caisson`. */
export const devcontainerKeys = ["image", "build", "dockerFile", "containerEnv", "remoteEnv", "forwardPorts"] as const;

/** What a `devcontainer.json` would bring, from a glance at its text: nothing is decided by it. */
export function devcontainerGlance(text: string): readonly string[] {
  return [...devcontainerKeys, "caisson"].filter((key) => new RegExp(`"${key}"\\s*:`).test(text));
}
