import type { PackageSource } from "../../spec/package-clients.ts";
import { lookUp, type NpmLayer, readNpmConfig } from "./npm-config.ts";
import { findNpmSignIn } from "./npm-sign-in.ts";
import type { PackageClientHost } from "./package-client-host.ts";
import type { ClientSources, UnresolvedSource } from "./unresolved-source.ts";
import { isWebUrl } from "./web-url.ts";

/**
 * npm's registries: the main one (which npm itself is asked for when no file or variable says it) and those of scopes.
 * What the workspace's `.npmrc` alone names is not trusted, unless the person signs in there.
 */
export async function readNpm(host: PackageClientHost): Promise<ClientSources> {
  const config = readNpmConfig(host);
  const main = lookUp(config.own, "registry") ?? (await askNpm(host));
  const own = [...(main ? [{ ...main, role: "main" as const }] : []), ...scopes(config.own)];
  const strangers = config.workspace.flatMap((layer) => {
    const registry = layer.values.get("registry");
    return [...(registry ? [{ value: registry, from: layer.from, role: "extra" as const }] : []), ...scopes([layer])];
  });
  const sources = [
    ...own.map((found) => sourceOf(config.own, found, true)),
    ...strangers.map((found) => sourceOf(config.own, found, false)),
  ].filter((source) => source !== undefined);
  return { sources, notes: [] };
}

interface Found {
  readonly value: string;
  readonly from: string;
  readonly role: PackageSource["role"];
  readonly scope?: string;
}

function scopes(layers: readonly NpmLayer[]): readonly Found[] {
  const found = new Map<string, Found>();
  for (const { from, values } of layers.toReversed()) {
    for (const [key, value] of values) {
      const scope = /^(@[^/:\s]+):registry$/.exec(key)?.[1];
      if (scope) found.set(scope, { value, from, role: "extra", scope });
    }
  }
  return [...found.values()];
}

function sourceOf(own: readonly NpmLayer[], found: Found, isOwn: boolean): UnresolvedSource | undefined {
  if (!isWebUrl(found.value)) return undefined;
  const parsed = new URL(found.value);
  const url = `${parsed.origin}${parsed.pathname.replace(/\/*$/, "/")}`;
  const signIn = findNpmSignIn(own, url);
  return {
    url,
    role: found.role,
    from: found.from,
    trusted: isOwn || signIn !== undefined,
    ...(found.scope === undefined ? {} : { scope: found.scope }),
    ...(signIn ? { signIn: { source: { npmrc: signIn.key }, inject: signIn.inject } } : {}),
  };
}

async function askNpm(host: PackageClientHost): Promise<{ readonly value: string; readonly from: string } | undefined> {
  const npm = host.findProgram("npm");
  const node = host.findProgram("node");
  if (npm === undefined) return undefined;
  const args = ["config", "get", "registry"];
  // npm's launcher is a script for `node`: named here, for what `env node` finds may be another.
  const text = npm.endsWith(".js") && node ? await host.ask(node, [npm, ...args]) : await host.ask(npm, args);
  const value = text?.trim();
  return value && isWebUrl(value) ? { value, from: "npm" } : undefined;
}
