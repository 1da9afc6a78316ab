import type { CredentialSource } from "../../spec/policy.ts";

const fileSeconds = 30;
const leastSeconds = 5;

/**
 * Seconds until a credential is read again: a tenth of its life (at most five minutes) before it expires, or sooner where
 * the source says how often; a file every 30 s, for it may be replaced. Undefined = never.
 */
export function nextRefresh(
  source: CredentialSource,
  value: { readonly expiresAt?: number | undefined },
  now: number,
): number | undefined {
  const asked = "command" in source ? source.refreshSeconds : "file" in source ? fileSeconds : undefined;
  const candidates = [asked, value.expiresAt === undefined ? undefined : beforeExpiry((value.expiresAt - now) / 1000)];
  const known = candidates.filter((seconds) => seconds !== undefined);
  return known.length === 0 ? undefined : Math.max(leastSeconds, Math.min(...known));
}

function beforeExpiry(secondsLeft: number): number {
  return secondsLeft - Math.min(300, secondsLeft / 10);
}
