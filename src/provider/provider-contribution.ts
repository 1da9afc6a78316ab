import type { CredentialSource, Route } from "../spec/policy.ts";
import type { Provider, ProviderCredential } from "./provider.ts";

/** What a provider brings to the policy of one run. */
export interface ProviderContribution {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly credentials: readonly {
    readonly name: string;
    readonly source: CredentialSource;
    readonly environment: readonly string[];
    readonly placeholder: (unique: string) => string;
  }[];
}

/** The routes and credentials of a run of `provider` that signs in with `chosen`. */
export function contributionOf(provider: Provider, chosen: readonly ProviderCredential[]): ProviderContribution {
  const routes = chosen.length === 0 ? provider.routes(undefined) : chosen.flatMap((one) => provider.routes(one));
  const credentials = chosen.map(({ name, source, variable, placeholder }) => ({
    name,
    source,
    environment: [variable],
    placeholder,
  }));
  return { name: provider.name, routes, credentials };
}
