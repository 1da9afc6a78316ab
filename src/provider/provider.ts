import type { RunEventDraft } from "../spec/events.ts";
import type { CredentialSource, Injection, Route } from "../spec/policy.ts";

/** One way to sign in: a credential that the provider can use, and how its placeholder reaches the CLI. */
export interface ProviderCredential {
  readonly name: string;
  /** Host variable that holds the real value; also the variable inside that holds the placeholder. */
  readonly variable: string;
  readonly source: CredentialSource;
  readonly inject: readonly Injection[];
  /** Makes a placeholder that the CLI accepts as well-formed; `unique` is 32 hex digits. */
  readonly placeholder: (unique: string) => string;
}

/** What a run asks of a provider. Pure data: the caller has looked at the machine already. */
export interface ProviderRequest {
  readonly prompt?: string;
  readonly instructions?: string;
  readonly model?: string;
  readonly argv?: readonly string[];
  readonly interactive: boolean;
  readonly home: string;
  readonly workdir: string;
  /** Absolute path of the CLI as seen inside. */
  readonly binary: string;
  /** Names of the credentials that it signs in with. */
  readonly signedInWith: readonly string[];
  readonly skills: readonly {
    readonly name: string;
    readonly files: readonly { readonly path: string; readonly text: string }[];
  }[];
}

/** How to start the CLI inside. Holds no secret: the caller adds the placeholders to the environment. */
interface ProviderPlan {
  readonly argv: readonly string[];
  /** What the CLI reads from its standard input, which is then closed: a prompt of any length, seen in no process list. */
  readonly input?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly text: string; readonly mode: number }[];
}

/** Turns the CLI's output stream into events. Fed in any split; never throws, whatever the bytes. */
export interface Decoder {
  decode(bytes: Uint8Array): readonly RunEventDraft[];
  /** The stream ended: what was left in the buffer. */
  end(): readonly RunEventDraft[];
}

/** Adapter for one agent CLI. Adding one touches its file and the table in `providers.ts`. */
export interface Provider {
  readonly name: string;
  readonly summary: string;
  /** Names of the CLI's executable, looked for on PATH, in `~/.local/bin`, under nvm and beside Caisson. */
  readonly binaries: readonly string[];
  /** The command that installs it. */
  readonly install: string;
  /** Arguments that print the CLI's version. */
  readonly versionArgs: readonly string[];
  readonly credentials: readonly ProviderCredential[];
  /** `one`: two credentials at once are refused, the CLI would use one of them unseen. `any`: each that is there is used. */
  readonly signIn: "one" | "any";
  /** Said when there is no credential: what to do. */
  readonly signInHint: string;
  /** Routes it needs, given a credential that was found. */
  routes(credential: ProviderCredential | undefined): readonly Route[];
  plan(request: ProviderRequest): ProviderPlan;
  decoder(): Decoder;
}
