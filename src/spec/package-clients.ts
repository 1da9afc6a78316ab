import type { CredentialSource, Injection } from "./policy.ts";

/** One registry or index that a package client of this machine is set up to use. Holds no secret. */
export interface PackageSource {
  /** http(s) URL without user and password. */
  readonly url: string;
  /** npm: the scope (`@acme`) that is fetched from here. */
  readonly scope?: string;
  /** `main` is what the client asks first, `extra` what it asks too, `files` where archives lie that an index points to. */
  readonly role: "main" | "extra" | "files";
  /** Where it is said: a file, `env NAME`, or `npm`, `pip`, `go` for the client's built-in default. */
  readonly from: string;
  /** False when only the workspace says it: then it is told to the person and never becomes a route. */
  readonly trusted: boolean;
  /** How the machine signs in there; the gate injects it. */
  readonly signIn?: { readonly source: CredentialSource; readonly inject: Injection };
  /** CIDRs of the private or loopback addresses that the host has; empty for a public one. */
  readonly privateAddresses: readonly string[];
}

/** What the package clients of this machine are set up to use; undefined = not looked at, or not installed. */
export interface PackageClientFacts {
  readonly npm?: readonly PackageSource[];
  readonly pip?: readonly PackageSource[];
  readonly apt?: readonly PackageSource[];
  readonly go?: readonly PackageSource[];
  /** Sources that cannot be a route (`file:`, `cdrom:`), and files that could not be read. */
  readonly notes: readonly string[];
}
