import type { KeptHead } from "../host/credential/kept/kept-entry.ts";
import { ageText } from "./output/age-text.ts";

/** How a login stands: until when it is good, or what keeps it from being renewed. */
export function loginState({ ended, failed, expiresAt, provider }: KeptHead, now: number): string {
  if (ended !== undefined) return `over (${ended}): caisson login ${provider}`;
  const left = expiresAt === undefined ? undefined : Date.parse(expiresAt) - now;
  const trouble = failed === undefined ? "" : ` · could not be renewed: ${failed.reason}`;
  if (left === undefined) return `signed in${trouble}`;
  return left > 0
    ? `signed in · token good for ${ageText(left)}${trouble}`
    : `signed in · token expired, renewed when it is used${trouble}`;
}
