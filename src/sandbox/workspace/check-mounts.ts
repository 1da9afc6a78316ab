import { guardFailure } from "./errors.ts";
import type { GuardHost } from "./guard-host.ts";
import type { GuardPlan } from "./guard-plan.ts";

/**
 * Throws unless every mount of the plan is where it should be in the mount namespace of this process, and shows what it
 * should: a folder that was swapped for a link between looking and mounting is seen here, before an agent runs.
 */
export function checkGuardMounts(host: GuardHost, plan: GuardPlan, pid: number): void {
  const mounted = readMounts(host, pid);
  for (const { kind, source, target, ino } of plan.mounts) {
    const flags = mounted.get(target);
    const seen = host.look(`/proc/${pid}/root${target}`)?.ino;
    const isSame = seen !== undefined && seen === (ino ?? host.look(source)?.ino);
    if (!flags || !isSame || (kind === "ro-bind" && !flags.includes("ro")))
      throw guardFailure("guard_not_in_place", { path: target });
  }
}

/** Mount points of a process with the flags of what lies topmost on each. */
function readMounts(host: GuardHost, pid: number): ReadonlyMap<string, readonly string[]> {
  const lines = (host.readOwn(`/proc/${pid}/mountinfo`)?.toString() ?? "").split("\n");
  return new Map(
    lines
      .map((line) => line.split(" "))
      .filter((fields) => fields.length > 6)
      .map((fields) => [decodeOctal(fields[4] ?? ""), (fields[5] ?? "").split(",")]),
  );
}

const decodeOctal = (path: string) =>
  path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
