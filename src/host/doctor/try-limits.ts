import { readFileSync } from "node:fs";
import { cgroupFiles } from "../cgroup/cgroup-files.ts";
import { findControllerPlaces } from "../cgroup/cgroup-layout.ts";
import { makeGroup } from "../cgroup/make-group.ts";
import type { MachineFacts } from "./machine-facts.ts";

const some = { memoryBytes: 1024 ** 3, processes: 512, cpus: 1 };

/** Really makes a cgroup as a sandbox gets it, and removes it: which limits the kernel would keep for us. */
export function tryLimits(): MachineFacts["cgroups"] {
  const places = findControllerPlaces(readText("/proc/self/mountinfo"), readText("/proc/self/cgroup"));
  const { dirs, controllers } = makeGroup(cgroupFiles, places, `caisson-doctor-${process.pid}`, some);
  for (const dir of dirs) cgroupFiles.remove(dir);
  const version = (controller: "memory" | "pids" | "cpu") => controllers.get(controller)?.version;
  return { memory: version("memory"), processes: version("pids"), cpu: version("cpu") };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
