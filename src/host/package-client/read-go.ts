import type { PackageClientHost } from "./package-client-host.ts";
import type { ClientSources, UnresolvedSource } from "./unresolved-source.ts";
import { isWebUrl } from "./web-url.ts";

/** Go's module proxies and its checksum database, as `go env` names them. */
export async function readGo(host: PackageClientHost): Promise<ClientSources> {
  const go = host.findProgram("go");
  const text = go === undefined ? undefined : await host.ask(go, ["env", "GOPROXY", "GOSUMDB"]);
  const [proxies, database] = text?.split("\n") ?? [];
  const found = (proxies ?? "")
    .split(/[,|]/)
    .map((url): UnresolvedSource => ({ url: url.trim(), role: "main", from: "go", trusted: true }));
  // NAME, NAME+KEY or NAME+KEY URL; `off` is none.
  const [name, url] = (database ?? "").trim().split(/\s+/);
  const keyHost = name?.split("+")[0];
  const check = url ?? (keyHost && keyHost !== "off" ? `https://${keyHost}/` : undefined);
  const sources = [...found, ...(check ? [{ url: check, role: "files" as const, from: "go", trusted: true }] : [])];
  return { sources: sources.filter((source) => isWebUrl(source.url)), notes: [] };
}
