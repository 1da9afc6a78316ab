import type { PackageClientFacts } from "../../spec/package-clients.ts";
import type { Credential, Route } from "../../spec/policy.ts";
import type { Note } from "../note.ts";

/** A credential before its placeholder is made; `unique` is 32 hex digits. */
export interface CredentialNeed {
  readonly name: string;
  readonly source: Credential["source"];
  readonly environment: readonly string[];
  readonly placeholder: (unique: string) => string;
}

/** What one preset adds to a policy. */
export interface PresetContribution {
  readonly routes: readonly Route[];
  readonly credentials: readonly CredentialNeed[];
  /** Variables that make the client inside use the same registry. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files of the private home, by path relative to it. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly notes: readonly Note[];
}

/** What a preset is made from: the machine's package clients, and which host variables are set. */
export interface PresetFacts {
  readonly clients: PackageClientFacts;
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
}

/** A preset is a pure function of the machine's facts. */
export type Preset = (facts: PresetFacts) => PresetContribution;

/** A contribution of nothing. */
export const nothing: PresetContribution = { routes: [], credentials: [], environment: {}, files: [], notes: [] };

/** A route for https on port 443, with what differs. */
export function makeRoute(route: Partial<Route> & Pick<Route, "name" | "host">): Route {
  return {
    ports: [443],
    scheme: "https",
    paths: [],
    methods: [],
    headers: [],
    allowAddresses: [],
    http2: false,
    once: false,
    ...route,
  };
}
