import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadManifests } from "../policy/load-manifests.ts";
import type { ProviderLogin } from "../provider/login.ts";
import { providers } from "../provider/providers.ts";
import { cliFailure } from "./errors.ts";
import type { CommandContext } from "./frame/command-context.ts";

/** Where a person signs in: the provider's own addresses, or those below what their manifest puts in its place. */
export interface LoginWay {
  readonly provider: string;
  readonly login: ProviderLogin;
  /** PEM of further roots. */
  readonly extraCa: string | undefined;
}

/** Providers that a person can sign in to with their account. */
export const loginProviders = (): readonly string[] =>
  Object.values(providers).flatMap(({ name, login }) => (login ? [name] : []));

/** The provider's login; throws for a provider that has none. */
export function loginOf(name: string): ProviderLogin {
  const login = Object.hasOwn(providers, name) ? providers[name]?.login : undefined;
  if (login) return login;
  throw cliFailure("login_unknown", { name, known: loginProviders() });
}

/** Finds the way, with the `upstream` that the person's own manifests say for the provider. A workspace's says nothing. */
export async function findLoginWay(
  { folders, cwd }: Pick<CommandContext, "folders" | "cwd">,
  name: string,
  manifest: string | undefined,
): Promise<LoginWay> {
  const login = loginOf(name);
  const { layers } = await loadManifests(readText, {
    home: folders.home,
    personal: join(folders.config, "caisson.yaml"),
    ...(manifest !== undefined && { given: resolve(cwd, manifest) }),
  });
  const layer = layers.findLast((one) => Object.hasOwn(one.manifest.providers, name));
  const settings = layer?.manifest.providers[name];
  if (!layer || !settings) return { provider: name, login, extraCa: undefined };
  const extraCa = settings.extraCaFile === undefined ? undefined : layer.texts[settings.extraCaFile];
  return { provider: name, login: below(settings.upstream, login), extraCa };
}

/** The login with every address of it below another origin. Pure. */
function below(upstream: string, login: ProviderLogin): ProviderLogin {
  const { flow } = login;
  const move = (address: string) => `${upstream.replace(/\/$/, "")}${new URL(address).pathname}`;
  const tokenUrl = move(login.tokenUrl);
  switch (flow.kind) {
    case "pasted code":
      return {
        ...login,
        tokenUrl,
        flow: { ...flow, authorizeUrl: move(flow.authorizeUrl), redirectUrl: move(flow.redirectUrl) },
      };
    case "device code":
      return { ...login, tokenUrl, flow: { ...flow, codeUrl: move(flow.codeUrl) } };
    case "openai device code": {
      const { codeUrl, pollUrl, pageUrl, redirectUrl } = flow;
      const moved = {
        codeUrl: move(codeUrl),
        pollUrl: move(pollUrl),
        pageUrl: move(pageUrl),
        redirectUrl: move(redirectUrl),
      };
      return { ...login, tokenUrl, flow: { ...flow, ...moved } };
    }
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
