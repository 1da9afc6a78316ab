import { createHash } from "node:crypto";
import { findControllerPlaces } from "../../../host/cgroup/cgroup-layout.ts";
import type { ScopeOutcome } from "../../../host/cgroup/enter-user-scope.ts";
import { type Group, groupCandidates, makeGroup } from "../../../host/cgroup/make-group.ts";
import { scopePlaces } from "../../../host/cgroup/user-scope.ts";
import type { LaunchPlan } from "../../../spec/engine.ts";
import type { LocalHost } from "../local-host.ts";
import type { Launcher } from "../render-launcher.ts";
import { chooseProcessors } from "./choose-processors.ts";

/** How the limits of one sandbox are kept. */
export interface LimitSetup {
  readonly group: Group;
  readonly launcher: Launcher;
  /** Processes that the kernel counts in each command's own user namespace; set where no cgroup counts them. */
  readonly processes?: number;
  /** Mechanism of each limit, for the person. */
  readonly mechanisms: Readonly<Record<"cpu" | "memory" | "processes" | "disk", string>>;
}

/**
 * Makes the cgroup where we may, in our scope if we have one, and says what is to stand in where we may not. `record` gets the
 * folders before they are made.
 */
export function prepareLimits(
  host: Pick<LocalHost, "processes" | "cgroups" | "files" | "isRoot">,
  plan: LaunchPlan,
  place: { readonly scope: ScopeOutcome; record(facts: { readonly cgroups: readonly string[] }): void },
): LimitSetup {
  const { limits } = plan;
  const read = (name: string) => host.processes.file("self", name) ?? "";
  const { scope } = place;
  const isScope = scope.kind === "entered";
  const places = isScope ? scopePlaces(scope.dir) : findControllerPlaces(read("mountinfo"), read("cgroup"));
  // The slug is unique in its state folder only: the name must hold for all of them.
  const name = `caisson-${plan.slug}-${createHash("sha256").update(plan.stateDir).digest("hex").slice(0, 8)}`;
  place.record({ cgroups: groupCandidates(places, name) });
  const group = makeGroup(host.cgroups, places, name, limits);
  const by = (controller: "memory" | "pids" | "cpu") => {
    const kept = group.controllers.get(controller);
    return kept && `cgroup ${kept.version}${isScope ? " (systemd scope)" : ""}`;
  };
  const pinned = by("cpu") === undefined ? chooseProcessors(read("status"), plan.slug, limits.cpus) : undefined;
  // Root's processes are never counted by the kernel outside of cgroups; before 5.14 all of a person's are, together.
  const release = host.files.text("/proc/sys/kernel/osrelease") ?? "";
  const counted = by("pids") === undefined && !host.isRoot && countsPerNamespace(release);
  return {
    group,
    launcher: {
      cgroups: group.dirs,
      fileBytes: limits.diskBytes,
      umask: plan.umask,
      ...(pinned !== undefined && { cpuList: pinned.list }),
    },
    ...(counted && { processes: limits.processes }),
    mechanisms: {
      cpu: by("cpu") ?? (pinned ? `${pinned.count} of ${pinned.available} processors` : "not limited"),
      memory: by("memory") ?? "watchdog",
      processes: by("pids") ?? (counted ? "rlimit of each command, watchdog" : "watchdog"),
      disk: "watchdog, rlimit of each file",
    },
  };
}

/** Whether a kernel counts processes for each user namespace. Pure. */
export function countsPerNamespace(release: string): boolean {
  const [major = 0, minor = 0] = release.split(".").map(Number);
  return major > 5 || (major === 5 && minor >= 14);
}
