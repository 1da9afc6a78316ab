import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { GuardHost } from "./guard-host.ts";

// Two sandboxes may share a workspace. Each claims the placeholders that it mounts over; the last one to end removes them.

interface Claim {
  readonly guardDir: string;
  readonly placeholders: readonly string[];
}

/** Where the claims on a workspace lie. */
export const claimsDir = (stateRoot: string, workspace: string): string =>
  join(stateRoot, "workspaces", createHash("sha256").update(workspace).digest("hex").slice(0, 16));

/** Placeholders that sandboxes other than this claim's hold in the workspace. One whose state is gone holds nothing. */
export function othersPlaceholders(host: GuardHost, dir: string, own: string): ReadonlySet<string> {
  const claims = host
    .list(dir)
    .filter(({ name }) => name !== own && !name.includes("."))
    .map(({ name }) => JSON.parse(host.readOwn(join(dir, name))?.toString() ?? "null") as Claim | null)
    .filter((claim) => claim !== null && host.look(join(claim.guardDir, "plan.json")) !== undefined);
  return new Set(claims.flatMap((claim) => claim?.placeholders ?? []));
}

/** Claims placeholders, whole or not at all. */
export function writeClaim(host: GuardHost, path: string, claim: Claim): void {
  host.makeFolder(dirname(path), 0o700);
  const waiting = join(dirname(path), `${basename(path)}.new`);
  host.writeFile(waiting, JSON.stringify(claim), { mode: 0o600 });
  host.move(waiting, path);
}

/** Name of the lock under which claims and placeholders are changed. */
export const claimLock = (claim: string): string =>
  createHash("sha256").update(dirname(claim)).digest("hex").slice(0, 32);
