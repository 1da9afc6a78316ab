import type { PackageSource } from "../../spec/package-clients.ts";

/** A source before the addresses of its host are looked up. */
export type UnresolvedSource = Omit<PackageSource, "privateAddresses">;

/** What was read of one client; no sources = it is not there, or names none on the network. */
export interface ClientSources {
  readonly sources: readonly UnresolvedSource[];
  readonly notes: readonly string[];
}
