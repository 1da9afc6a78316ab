import type { CgroupFiles } from "./cgroup-files.ts";
import type { Controller, ControllerPlace } from "./cgroup-layout.ts";

/** What a group is limited to. */
export interface GroupLimits {
  readonly memoryBytes: number;
  readonly processes: number;
  readonly cpus: number;
}

/** Groups made for one sandbox, and which controller each limit is kept by. */
export interface Group {
  /** Folders that a process joins by writing itself to `cgroup.procs`. */
  readonly dirs: readonly string[];
  readonly controllers: ReadonlyMap<Controller, { readonly version: "v1" | "v2"; readonly dir: string }>;
}

const cpuPeriod = 100_000;

/** Folders that `makeGroup` would make: for the journal, before they are made. */
export const groupCandidates = (places: readonly ControllerPlace[], name: string): readonly string[] => [
  ...new Set(places.flatMap(({ parents }) => parents.map((parent) => `${parent}/${name}`))),
];

/**
 * Makes a group with limits wherever we may. A controller that is missing in the result is not ours to use here. In version
 * 2 a process is in one group only, so one folder must do for all of its controllers.
 */
export function makeGroup(
  files: CgroupFiles,
  places: readonly ControllerPlace[],
  name: string,
  limits: GroupLimits,
): Group {
  const separate = places.filter(({ version }) => version === "v1").map((place) => [place]);
  const joint = places.filter(({ version }) => version === "v2");
  const controllers: Group["controllers"] = new Map(
    [...separate, joint].flatMap((tree) => makeInTree(files, tree, name, limits)),
  );
  return { dirs: [...new Set([...controllers.values()].map(({ dir }) => dir))], controllers };
}

/** In the first folder of a tree where the most important of its controllers can be limited. */
function makeInTree(files: CgroupFiles, tree: readonly ControllerPlace[], name: string, limits: GroupLimits) {
  const [first] = tree;
  for (const parent of first?.parents ?? []) {
    const dir = `${parent}/${name}`;
    if (!files.make(dir)) continue;
    const set = tree.filter(({ version, controller }) => setLimit(files, dir, version, controller, limits));
    if (set.some((place) => place === first) && files.canJoin(dir)) {
      return set.map(({ controller, version }) => [controller, { version, dir }] as const);
    }
    files.remove(dir);
  }
  return [];
}

function setLimit(
  files: CgroupFiles,
  dir: string,
  version: "v1" | "v2",
  controller: Controller,
  limits: GroupLimits,
): boolean {
  const quota = Math.max(1000, Math.round(limits.cpus * cpuPeriod));
  switch (controller) {
    case "memory":
      if (version === "v2") {
        files.write(`${dir}/memory.swap.max`, "0");
        return files.write(`${dir}/memory.max`, String(limits.memoryBytes));
      }
      if (!files.write(`${dir}/memory.limit_in_bytes`, String(limits.memoryBytes))) return false;
      files.write(`${dir}/memory.memsw.limit_in_bytes`, String(limits.memoryBytes));
      return true;
    case "pids":
      return files.write(`${dir}/pids.max`, String(limits.processes));
    case "cpu":
      if (version === "v2") return files.write(`${dir}/cpu.max`, `${quota} ${cpuPeriod}`);
      return (
        files.write(`${dir}/cpu.cfs_period_us`, String(cpuPeriod)) &&
        files.write(`${dir}/cpu.cfs_quota_us`, String(quota))
      );
  }
}
