import type { KeptLogin } from "./kept-entry.ts";

/** What a token endpoint gave: new tokens; a refusal for good; or one that may pass. */
export type TokenAnswer =
  | { readonly kind: "tokens"; readonly tokens: Tokens }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** The tokens of one answer. */
export interface Tokens extends Pick<KeptLogin, "accessToken" | "refreshToken" | "idToken" | "expiresAt"> {
  /** The endpoint's other words on whose tokens they are. */
  readonly account?: string;
}

// What the standard and its users say when a refresh token is over; anything else may be a bad moment.
const overCodes = new Set([
  "invalid_grant",
  "refresh_token_expired",
  "refresh_token_reused",
  "refresh_token_invalidated",
]);

/** Reads a token endpoint's answer. The reasons hold the endpoint's error code and nothing else of what it said. */
export function readTokenAnswer(
  { status, json }: { readonly status: number; readonly json: Readonly<Record<string, unknown>> },
  now: number,
): TokenAnswer {
  const code = errorCode(json);
  if (status < 200 || status > 299 || code !== undefined) {
    const reason = `the token endpoint answered ${status}${code === undefined ? "" : ` ${code}`}`;
    return { kind: code !== undefined && overCodes.has(code) ? "refused" : "failed", reason };
  }
  const accessToken = text(json.access_token);
  if (accessToken === undefined || !/^[\x21-\x7e]+$/.test(accessToken)) {
    return { kind: "failed", reason: "the token endpoint's answer holds no access token" };
  }
  const expiresAt = readExpiry(json, accessToken, now);
  const refreshToken = text(json.refresh_token);
  const idToken = text(json.id_token);
  const account = readAccount(json, idToken);
  return {
    kind: "tokens",
    tokens: {
      accessToken,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(idToken !== undefined && { idToken }),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(account !== undefined && { account }),
    },
  };
}

/** The claims of a JWT, which nobody has checked; undefined for what is none. */
export function readClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as unknown;
    return typeof claims === "object" && claims !== null ? { ...claims } : undefined;
  } catch {
    return undefined;
  }
}

/** When a token expires by its own words, in Unix milliseconds. */
export function expiryOfJwt(token: string): number | undefined {
  const exp = readClaims(token)?.exp;
  return typeof exp === "number" && Number.isFinite(exp) ? exp * 1000 : undefined;
}

function readExpiry(json: Readonly<Record<string, unknown>>, token: string, now: number): number | undefined {
  const seconds = Number(json.expires_in);
  if (json.expires_in !== undefined && Number.isFinite(seconds) && seconds > 0) return now + seconds * 1000;
  return expiryOfJwt(token);
}

function readAccount(json: Readonly<Record<string, unknown>>, idToken: string | undefined): string | undefined {
  const account = json.account as { readonly email_address?: unknown } | undefined;
  const claims = idToken === undefined ? undefined : readClaims(idToken);
  const found = text(account?.email_address) ?? text(claims?.email);
  return found !== undefined && /^[\x21-\x7e]{1,200}$/.test(found) ? found : undefined;
}

/** OAuth says `error: "code"`, some say `error: { code }`. Only what looks like a code is repeated. */
function errorCode({ error }: Readonly<Record<string, unknown>>): string | undefined {
  const inner = typeof error === "object" && error !== null ? (error as Readonly<Record<string, unknown>>) : {};
  const code = text(error) ?? text(inner.code) ?? text(inner.type);
  if (code === undefined) return error === undefined || error === null ? undefined : "error";
  return /^[a-z0-9_.-]{1,64}$/i.test(code) ? code : "error";
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
