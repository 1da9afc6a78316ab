import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cgroupFiles } from "../cgroup/cgroup-files.ts";
import { findControllerPlaces } from "../cgroup/cgroup-layout.ts";
import { enterUserScope } from "../cgroup/enter-user-scope.ts";
import { makeGroup } from "../cgroup/make-group.ts";
import { scopePlaces } from "../cgroup/user-scope.ts";
import type { MachineFacts } from "./machine-facts.ts";

const some = { memoryBytes: 1024 ** 3, processes: 512, cpus: 1 };

/**
 * Really makes a cgroup as a sandbox gets it, and removes it: which limits the kernel would keep for us. Where a keeper would
 * enter a systemd scope, this process does.
 */
export async function tryLimits(uid: number): Promise<Pick<MachineFacts, "cgroups" | "scope">> {
  const scope = await enterUserScope({ spawn, cgroups: cgroupFiles }, { uid, pid: process.pid });
  const places =
    scope.kind === "entered"
      ? scopePlaces(scope.dir)
      : findControllerPlaces(readText("/proc/self/mountinfo"), readText("/proc/self/cgroup"));
  const { dirs, controllers } = makeGroup(cgroupFiles, places, `caisson-doctor-${process.pid}`, some);
  for (const dir of dirs) cgroupFiles.remove(dir);
  const version = (controller: "memory" | "pids" | "cpu") => controllers.get(controller)?.version;
  return { cgroups: { memory: version("memory"), processes: version("pids"), cpu: version("cpu") }, scope };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
