import type { CredentialSource } from "../spec/policy.ts";
import { providerFailure } from "./errors.ts";
import type { Provider, ProviderCredential } from "./provider.ts";

/** What the caller knows of the credentials on this machine: names and places, never values. */
export interface CredentialFacts {
  readonly isSet: (variable: string) => boolean;
  /** Whether Caisson keeps a credential of this name itself. */
  readonly isKept: (name: string) => boolean;
  /** The manifest's `credentials`, by name: one with a provider credential's name says where that one is read from. */
  readonly manifest: Readonly<Record<string, CredentialSource>>;
  /** For a replay: the credentials that the recording's CLI was signed in with. No value is read, none is needed. */
  readonly replayOf?: readonly string[];
}

/**
 * The credentials that a run of `provider` signs in with: those that the manifest or a variable gives, and where there is none,
 * those that are kept. Fails when there is none at all, and when there are two where the CLI takes one: which of them pays must
 * not be a surprise.
 */
export function chooseCredentials(provider: Provider, facts: CredentialFacts): readonly ProviderCredential[] {
  const { credentials } = provider;
  if (credentials.length === 0) return [];
  if (facts.replayOf) {
    const recorded = credentials.filter(({ name }) => facts.replayOf?.includes(name));
    return recorded.length > 0 ? recorded : credentials.slice(0, 1);
  }
  const given = credentials.flatMap((credential) => {
    const source = facts.manifest[credential.name];
    if (source) return [{ ...credential, source }];
    return facts.isSet(credential.variable) ? [credential] : [];
  });
  const kept = credentials.flatMap((credential) =>
    facts.isKept(credential.name) ? [{ ...credential, source: { kept: credential.name } }] : [],
  );
  const found = given.length > 0 ? given : kept;
  if (found.length === 0) {
    const lookedFor = credentials.map(({ variable }) => variable);
    throw providerFailure("credential_missing", { agent: provider.name, lookedFor, hint: provider.signInHint });
  }
  if (found.length > 1 && provider.signIn === "one") {
    const isGiven = given.length > 0;
    throw providerFailure("credential_ambiguous", {
      agent: provider.name,
      found: found.map(({ name, variable }) => (isGiven ? variable : name)),
      way: isGiven ? "unset" : "caisson credentials rm",
    });
  }
  return found;
}
