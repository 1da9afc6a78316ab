import type { Route } from "../spec/policy.ts";
import type { CredentialNeed } from "./presets/preset.ts";

/** What a provider brings to a policy: its routes, for the credential that was found. */
export interface PolicyProvider {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly credentials: readonly CredentialNeed[];
}
