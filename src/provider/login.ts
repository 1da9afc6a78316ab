/** Tokens of a login, as an endpoint or a file gave them. */
export interface FoundLogin {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** Unix milliseconds; by its own words where it is a JWT and nothing is said. */
  readonly expiresAt?: number;
}

/**
 * A login that the person's CLI has on this machine: a file below the home (`~/...`), or what a program prints. `read` takes its
 * text; undefined = there is no login in it.
 */
export interface HostLogin {
  readonly from: { readonly file: string; readonly variable?: string } | { readonly command: readonly string[] };
  read(text: string): FoundLogin | undefined;
}

/** A code that the person copies out of their browser (OAuth with PKCE). */
export interface PastedCodeFlow {
  readonly kind: "pasted code";
  readonly authorizeUrl: string;
  readonly redirectUrl: string;
  readonly scope: string;
  /** Further parameters of the page. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the request for the token; some want the state in it, too. */
  readonly encoding: "json" | "form";
}

/** A code that the person types into their browser (RFC 8628). */
export interface DeviceCodeFlow {
  readonly kind: "device code";
  readonly codeUrl: string;
  readonly scope: string;
}

/** OpenAI's own kind of device code: what is polled for is a code of the other flow, with its verifier. */
export interface OpenaiDeviceFlow {
  readonly kind: "openai device code";
  readonly codeUrl: string;
  readonly pollUrl: string;
  readonly pageUrl: string;
  readonly redirectUrl: string;
}

/** How a person signs in to a provider with their account. Data alone: `src/host/credential/login` speaks it. */
export interface ProviderLogin {
  /** Under which name the login is kept: a credential of the provider. */
  readonly credential: string;
  readonly clientId: string;
  readonly tokenUrl: string;
  readonly flow: PastedCodeFlow | DeviceCodeFlow | OpenaiDeviceFlow;
  /** How it is renewed; nothing for tokens that last. */
  readonly refresh?: { readonly encoding: "json" | "form"; readonly scope?: string };
  /** The first that is there counts. */
  readonly onHost: readonly HostLogin[];
}
