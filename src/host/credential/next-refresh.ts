import type { CredentialSource } from "../../spec/policy.ts";

// A file, and what we keep, may be replaced by the person at any time.
const lookSeconds = 30;
const leastSeconds = 5;

/**
 * Seconds until a credential is read again: a tenth of its life (at most five minutes) before it expires, or sooner where
 * the source says how often; a file and a kept credential every 30 s. Undefined = never.
 */
export function nextRefresh(
  source: CredentialSource,
  value: { readonly expiresAt?: number | undefined; readonly refreshAt?: number | undefined },
  now: number,
): number | undefined {
  const isLookedAt = "file" in source || "kept" in source;
  const asked = "command" in source ? source.refreshSeconds : isLookedAt ? lookSeconds : undefined;
  const due =
    value.refreshAt !== undefined
      ? (value.refreshAt - now) / 1000
      : value.expiresAt !== undefined
        ? beforeExpiry((value.expiresAt - now) / 1000)
        : undefined;
  const candidates = [asked, due];
  const known = candidates.filter((seconds) => seconds !== undefined);
  return known.length === 0 ? undefined : Math.max(leastSeconds, Math.min(...known));
}

function beforeExpiry(secondsLeft: number): number {
  return secondsLeft - Math.min(300, secondsLeft / 10);
}
