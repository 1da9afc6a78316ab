import type { PackageSource } from "../../spec/package-clients.ts";
import type { PackageClientHost } from "./package-client-host.ts";
import { type PipValue, readPipConfig } from "./pip-config.ts";
import type { ClientSources, UnresolvedSource } from "./unresolved-source.ts";
import { isWebUrl } from "./web-url.ts";

// pip knows where its own index keeps the archives, and says it nowhere else.
const question = "from pip._internal.models.index import PyPI as i; print(i.simple_url, i.file_storage_domain)";

/** pip's indexes; pip itself is asked for its own index, and where that one keeps its archives. */
export async function readPip(host: PackageClientHost): Promise<ClientSources> {
  const noIndex = readPipConfig(host, "no-index").find((value) => value.trusted)?.values[0];
  const wantsIndex = noIndex === undefined || /^(0|false|no|off)$/i.test(noIndex);
  const builtIn = wantsIndex ? await askPip(host) : undefined;
  const own: PipValue | undefined = builtIn && { values: [builtIn.index], from: "pip", trusted: true };
  const said = strongest(host, "index-url");
  const mains = own && !said.some((value) => value.trusted) ? [own, ...said] : said;
  const indexes = [
    ...mains.flatMap((value) => sourcesOf(value, value.trusted ? "main" : "extra")),
    ...strongest(host, "extra-index-url").flatMap((value) => sourcesOf(value, "extra")),
  ];
  const links = strongest(host, "find-links").flatMap((value) => sourcesOf(value, "files"));
  const found = [...(wantsIndex ? indexes : []), ...links];
  const sources = found.filter(({ url }) => isWebUrl(url));
  const usesBuiltIn = builtIn && sources.some(({ url, trusted }) => trusted && sameHost(url, builtIn.index));
  const archives: readonly UnresolvedSource[] =
    usesBuiltIn && builtIn.files
      ? [{ url: `https://${builtIn.files}/`, role: "files", from: "pip", trusted: true }]
      : [];
  const skipped = found.filter(({ url }) => !isWebUrl(url));
  return {
    sources: [...sources, ...archives],
    notes: skipped.map(
      ({ url, from }) => `pip: ${url} (${from}) is not on the network: mount the folder to use it inside`,
    ),
  };
}

/** The strongest trusted say of an option, and every untrusted one. */
function strongest(host: PackageClientHost, option: string): readonly PipValue[] {
  const values = readPipConfig(host, option);
  const own = values.find((value) => value.trusted);
  return [...(own ? [own] : []), ...values.filter((value) => !value.trusted)];
}

function sourcesOf({ values, from, trusted }: PipValue, role: PackageSource["role"]): readonly UnresolvedSource[] {
  return values.map((text): UnresolvedSource => {
    if (!isWebUrl(text)) return { url: text, role, from, trusted };
    const { url, user } = withoutUser(text);
    const signIn = user && trusted ? { signIn: { source: { pip: url }, inject: { as: "basic", user } as const } } : {};
    return { url, role, from, trusted, ...signIn };
  });
}

/** A URL without user and password; the user only where there is a password, for alone it may be a token. */
function withoutUser(text: string): { readonly url: string; readonly user?: string } {
  const url = new URL(text);
  const user = url.password === "" ? undefined : decodeURIComponent(url.username);
  url.username = "";
  url.password = "";
  return { url: url.href, ...(user ? { user } : {}) };
}

/** The password that pip's configuration has for an index; undefined when it has none. */
export function findPipPassword(host: Parameters<typeof readPipConfig>[0], index: string): string | undefined {
  const values = ["index-url", "extra-index-url", "find-links"].flatMap((option) => readPipConfig(host, option));
  const texts = values.filter((value) => value.trusted).flatMap((value) => value.values.filter(isWebUrl));
  const found = texts.find((text) => withoutUser(text).url === index && new URL(text).password !== "");
  return found === undefined ? undefined : decodeURIComponent(new URL(found).password);
}

async function askPip(
  host: PackageClientHost,
): Promise<{ readonly index: string; readonly files?: string } | undefined> {
  const python = host.findProgram("python3");
  const text = python === undefined ? undefined : await host.ask(python, ["-I", "-c", question]);
  const [index, files] = text?.trim().split(" ") ?? [];
  if (!index || !isWebUrl(index)) return undefined;
  return { index, ...(files && /^[a-z0-9.-]+$/i.test(files) ? { files } : {}) };
}

function sameHost(a: string, b: string): boolean {
  return new URL(a).host === new URL(b).host;
}
