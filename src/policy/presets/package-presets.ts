import type { PackageClientFacts } from "../../spec/package-clients.ts";
import type { Note } from "../note.ts";
import { nothing, type Preset, type PresetContribution } from "./preset.ts";
import { type RegistryRoute, registryRoutes } from "./registry-routes.ts";

type Client = Exclude<keyof PackageClientFacts, "notes">;

const make =
  (
    preset: string,
    client: Client,
    inside: (registries: readonly RegistryRoute[]) => Partial<Pick<PresetContribution, "environment" | "files">>,
  ): Preset =>
  (facts) => {
    const sources = facts.clients[client] ?? [];
    const { registries, routes, credentials, notes } = registryRoutes(preset, sources);
    const missing: Note = {
      level: "warning",
      code: "preset_empty",
      text: `preset ${preset} allows nothing: ${client} is not installed here, or names no registry over http(s)`,
    };
    if (routes.length === 0) return { ...nothing, notes: [missing, ...notes] };
    return { ...nothing, routes, credentials, notes, ...inside(registries) };
  };

/** `npm` (and pnpm, yarn): the registries of the person's npmrc files, read-only; no audit, no publish. */
export const npmPreset = make("npm", "npm", (registries) => {
  const main = registries.find((r) => r.source.role === "main" && r.source.scope === undefined);
  const scoped = registries.filter((r) => r.source.scope !== undefined);
  const text = scoped.map((r) => `${r.source.scope}:registry=${r.insideUrl}\n`).join("");
  return {
    environment: {
      ...(main ? { npm_config_registry: main.insideUrl, YARN_NPM_REGISTRY_SERVER: main.insideUrl } : {}),
      npm_config_audit: "false",
      npm_config_fund: "false",
      npm_config_update_notifier: "false",
    },
    files: text === "" ? [] : [{ path: ".npmrc", text }],
  };
});

/** `pypi`: the indexes of the person's pip configuration, and where pip's own index keeps its archives. */
export const pypiPreset = make("pypi", "pip", (registries) => {
  const main = registries.find((r) => r.source.role === "main");
  const extra = registries.filter((r) => r.source.role === "extra").map((r) => r.insideUrl);
  const plain = registries.filter((r) => r.route.scheme === "http").map((r) => new URL(r.insideUrl).host);
  return {
    environment: {
      ...(main ? { PIP_INDEX_URL: main.insideUrl, UV_DEFAULT_INDEX: main.insideUrl } : {}),
      ...(extra.length > 0 ? { PIP_EXTRA_INDEX_URL: extra.join(" "), UV_INDEX: extra.join(" ") } : {}),
      ...(plain.length > 0 ? { PIP_TRUSTED_HOST: [...new Set(plain)].join(" ") } : {}),
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
    },
  };
});

/** `apt`: the archives of the machine's sources lists, which the sandbox sees as they are. */
export const aptPreset = make("apt", "apt", () => ({}));

/** `go`: the module proxy and checksum database that `go env` names. */
export const goPreset = make("go", "go", (registries) => {
  const proxies = registries.filter((r) => r.source.role === "main").map((r) => r.insideUrl.replace(/\/$/, ""));
  return { environment: proxies.length > 0 ? { GOPROXY: proxies.join(",") } : {} };
});
