import type { KeptLogin } from "./kept-entry.ts";

/** A login is renewed a tenth of its life before it expires, at most this long. */
const longestBefore = 300_000;

/** When a login's access token is to be renewed, in Unix milliseconds; undefined for one that has no end, or no way to. */
export function refreshTime({ obtainedAt, expiresAt, refreshToken, refresh }: KeptLogin): number | undefined {
  if (expiresAt === undefined || refreshToken === undefined || refresh === undefined) return undefined;
  return expiresAt - Math.min(longestBefore, Math.max(0, (expiresAt - obtainedAt) / 10));
}
