import type { ProviderLogin } from "./login.ts";
import { claudeLogin, codexChatgptLogin, copilotLogin } from "./logins.ts";

/** Where agent CLIs go to sign in by themselves, and what the person types instead: no login comes about inside a sandbox. */
export const signInPlaces: readonly { readonly host: string; readonly path: string; readonly command: string }[] = [
  ...placesOf("claude-code", claudeLogin),
  ...placesOf("codex", codexChatgptLogin),
  ...placesOf("copilot", copilotLogin),
];

function placesOf(provider: string, { tokenUrl, flow }: ProviderLogin) {
  const addresses = [
    tokenUrl,
    ...(flow.kind === "pasted code" ? [] : [flow.codeUrl]),
    ...(flow.kind === "openai device code" ? [flow.pollUrl] : []),
  ];
  return addresses.map((address) => {
    const { host, pathname: path } = new URL(address);
    return { host, path, command: `caisson login ${provider}` };
  });
}
