import type { Policy } from "../spec/policy.ts";

/** A policy's rules as one text, for a digest: the same rules are the same text, whatever the placeholders of this sandbox are. */
export function policyText(policy: Policy): string {
  const credentials = policy.credentials.map(({ placeholder: _placeholder, ...credential }) => credential);
  return canonicalJson({ ...policy, credentials });
}

/** JSON with the keys of every object in order, and without those that are undefined. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}
