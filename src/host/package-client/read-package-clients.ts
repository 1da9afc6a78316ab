import type { PackageClientFacts, PackageSource } from "../../spec/package-clients.ts";
import type { PackageClientHost } from "./package-client-host.ts";
import { privateAddresses } from "./private-addresses.ts";
import { readApt } from "./read-apt.ts";
import { readGo } from "./read-go.ts";
import { readNpm } from "./read-npm.ts";
import { readPip } from "./read-pip.ts";
import type { ClientSources, UnresolvedSource } from "./unresolved-source.ts";

const readers = { npm: readNpm, pip: readPip, apt: readApt, go: readGo };

/** What these package clients of the machine are set up to use, all read at once; no secret is in it. */
export async function readPackageClients(
  host: PackageClientHost,
  clients: readonly (keyof typeof readers)[],
): Promise<PackageClientFacts> {
  const read = await Promise.all(
    clients.map(async (client) => {
      const found: ClientSources = await readers[client](host);
      const sources = await Promise.all(found.sources.map((source) => withAddresses(host, source)));
      return { client, sources, notes: found.notes };
    }),
  );
  const present = read.filter(({ sources }) => sources.length > 0);
  return {
    ...Object.fromEntries(present.map(({ client, sources }) => [client, sources])),
    notes: read.flatMap(({ notes }) => notes),
  };
}

/** Only the person's own configuration can make a private address reachable. */
async function withAddresses(host: PackageClientHost, source: UnresolvedSource): Promise<PackageSource> {
  if (!source.trusted) return { ...source, privateAddresses: [] };
  const name = new URL(source.url).hostname.replace(/^\[|\]$/g, "");
  const isAddress = /^[\d.]+$/.test(name) || name.includes(":");
  return { ...source, privateAddresses: privateAddresses(isAddress ? [name] : await host.resolve(name)) };
}
