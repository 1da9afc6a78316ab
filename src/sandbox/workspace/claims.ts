import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { GuardHost } from "./guard-host.ts";

// Two sandboxes may share a workspace. Each claims the placeholders that it mounts over; the last one to end removes them.
// Those of one state folder read each other's claims. Of another one's, as of another user's, it is only known that they are
// there: until they have gone every placeholder may be one of theirs.

interface Claim {
  readonly guardDir: string;
  readonly placeholders: readonly string[];
}

/** Where the claims on a workspace lie. */
export const claimsDir = (stateRoot: string, workspace: string): string =>
  join(stateRoot, "workspaces", digest(workspace));

/** Which placeholders sandboxes other than this claim's may hold in the workspace. One whose state is gone holds nothing. */
export function othersPlaceholders(host: GuardHost, dir: string, own: string): Pick<ReadonlySet<string>, "has"> {
  const isOurs = (name: string) => name.startsWith(`${presence(dir)}${digest(dirname(dir))}-`);
  if (host.announced(presence(dir)).some((name) => !isOurs(name))) return { has: () => true };
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

/** What a sandbox announces for as long as it may run in a workspace: where that is, and whose state folder tells of the sandbox. */
export const claimPresence = (claim: string): string =>
  `${presence(dirname(claim))}${digest(dirname(dirname(claim)))}-${basename(claim)}`;

/** Name of the lock under which placeholders are changed, whosever they are. */
export const claimLock = (claim: string): string => `changes-${basename(dirname(claim))}`;

const presence = (dir: string): string => `is-in-${basename(dir)}-`;
const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
