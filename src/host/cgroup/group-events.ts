import type { CgroupFiles } from "./cgroup-files.ts";
import type { Group } from "./make-group.ts";

/** How often a group's limits were hit since it was made. */
export interface GroupEvents {
  readonly memory: number;
  readonly processes: number;
}

/** Reads the kernel's own counters. */
export function readGroupEvents(files: Pick<CgroupFiles, "read">, group: Group): GroupEvents {
  const memory = group.controllers.get("memory");
  const pids = group.controllers.get("pids");
  const memoryFile = memory?.version === "v1" ? "memory.oom_control" : "memory.events";
  return {
    memory: memory ? counter(files.read(`${memory.dir}/${memoryFile}`), "oom_kill") : 0,
    processes: pids ? counter(files.read(`${pids.dir}/pids.events`), "max") : 0,
  };
}

const counter = (text: string | undefined, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "")?.[1] ?? 0);
