/** What everybody who may look into the folder may know of a kept credential. Never a value. */
export interface KeptHead {
  readonly name: string;
  readonly kind: "value" | "login";
  /** ISO times. */
  readonly keptAt: string;
  /** When the value expires; a login is refreshed before. */
  readonly expiresAt?: string;
  readonly provider?: string;
  /** Who is signed in, as far as the provider said. */
  readonly account?: string;
  /** Their provider's id of them, where its API wants to hear it with each request. */
  readonly accountId?: string;
  /** A login that its provider ended, and how that was said: only signing in again helps. */
  readonly ended?: string;
  /** A refresh was sent and its answer not yet written: after a death in between, the new token may be lost. */
  readonly refreshingSince?: string;
  /** The last refresh failed: why, and before when no other is tried. */
  readonly failed?: { readonly reason: string; readonly retryAt: string };
}

/** How a login's access token is renewed at its provider. */
export interface LoginRefresh {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly encoding: "json" | "form";
  /** Sent with each refresh, where the provider wants it. */
  readonly scope?: string;
  /** PEM of further roots that the endpoint may chain to. */
  readonly extraCa?: string;
}

/** A login: what an OAuth provider gave, and how it is renewed. One without a refresh token lasts until it expires. */
export interface KeptLogin {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** Unix milliseconds. */
  readonly obtainedAt: number;
  readonly expiresAt?: number;
  readonly refresh?: LoginRefresh;
}

/** What is sealed. */
export type KeptSecret =
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "login"; readonly login: KeptLogin };

/** One kept credential, opened. */
export interface KeptEntry {
  readonly head: KeptHead;
  readonly secret: KeptSecret;
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Whether a text may name a kept credential, and so a file of the folder; the same as a credential's name in a manifest. */
export const isKeptName = (text: string): boolean => namePattern.test(text);
