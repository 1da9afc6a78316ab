import { type ControllerPlace, controllers, findControllerPlaces, findGroups } from "./cgroup-layout.ts";

/** What tells whether a person's own systemd is to give us a scope. */
export interface ScopeFacts {
  readonly isRoot: boolean;
  /** Name of the machine's first process: a manager's process ids are ours only where it shares our process namespace. */
  readonly init: string | undefined;
  readonly mountInfo: string;
  readonly ownGroups: string;
  /** Whether we may make groups in a folder without anybody's help. */
  isWritable(dir: string): boolean;
}

/**
 * Whether a scope would give us cgroups that we have not: an ordinary user on a systemd machine whose one tree is of version 2,
 * where nothing at or above our own group is ours, as in a login session. Pure but for the question that it asks.
 */
export function wantsUserScope({ isRoot, init, mountInfo, ownGroups, isWritable }: ScopeFacts): boolean {
  if (isRoot || init?.trim() !== "systemd") return false;
  const places = findControllerPlaces(mountInfo, ownGroups);
  if (places.length === 0 || places.some(({ version }) => version !== "v2")) return false;
  return !places.some(({ parents }) => parents.some(isWritable));
}

/** Where a person's manager listens: by systemd's rule, whatever the environment says. */
export const userBus = (uid: number) => `/run/user/${uid}/bus`;

/**
 * Arguments of `busctl` that ask the person's manager to put a running process into a scope of its own, whose cgroup is then
 * the person's to divide (`Delegate`). What `systemd-run --user --scope` asks for itself. Pure.
 */
export const renderScopeRequest = (bus: string, unit: string, pid: number): readonly string[] => [
  `--address=unix:path=${bus}`,
  "--timeout=2",
  "call",
  "org.freedesktop.systemd1",
  "/org/freedesktop/systemd1",
  "org.freedesktop.systemd1.Manager",
  "StartTransientUnit",
  "ssa(sv)a(sa(sv))",
  unit,
  "fail",
  "4",
  ...["Description", "s", "Keeper of a Caisson sandbox"],
  ...["PIDs", "au", "1", String(pid)],
  ...["Delegate", "b", "true"],
  // A scope that ended badly is forgotten, too: the journal is what remembers.
  ...["CollectMode", "s", "inactive-or-failed"],
  "0",
];

/** The scope's folder once we are in it; undefined before. Pure. */
export function findScope(mountInfo: string, ownGroups: string, unit: string): string | undefined {
  const dir = findGroups(mountInfo, ownGroups).get("memory")?.dir;
  return dir?.endsWith(`/${unit}`) ? dir : undefined;
}

/** Controllers' places in a scope of ours: there and nowhere else, for what lies above is its manager's. Pure. */
export const scopePlaces = (dir: string): readonly ControllerPlace[] =>
  controllers.map((controller) => ({ version: "v2", controller, parents: [dir] }));
