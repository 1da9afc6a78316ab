import type { FileFacts } from "../../../host/process/file-facts.ts";

/** What a sandbox's processes use, where no cgroup counts it. */
export interface TreeUse {
  readonly processes: number;
  readonly memoryBytes: number;
}

/** Reads files; the watchdog's only effect. */
export type TreeFiles = Pick<FileFacts, "names" | "text" | "spaceOf">;

/**
 * Measures all processes of a process namespace, through its own `/proc` as its first process sees it: whoever detached is
 * still there. Memory that processes share is counted once only when the quick sum, which counts it often, is over `limit`.
 */
export function measureTree(files: TreeFiles, initPid: number, limit: number): TreeUse {
  const root = `/proc/${initPid}/root`;
  const pids = files.names(`${root}/proc`).filter((name) => /^\d+$/.test(name));
  const shared = files.spaceOf(`${root}/dev/shm`);
  const sharedBytes = shared ? shared.totalBytes - shared.freeBytes : 0;
  let processes = 0;
  let quick = sharedBytes;
  for (const pid of pids) {
    const status = files.text(`${root}/proc/${pid}/status`) ?? "";
    processes += field(status, "Threads");
    quick += 1024 * (field(status, "RssAnon") + field(status, "VmSwap"));
  }
  if (quick <= limit) return { processes, memoryBytes: quick };
  const exact = pids.reduce((sum, pid) => {
    const rollup = files.text(`${root}/proc/${pid}/smaps_rollup`) ?? "";
    return sum + 1024 * (field(rollup, "Pss_Anon") + field(rollup, "SwapPss"));
  }, sharedBytes);
  return { processes, memoryBytes: exact };
}

const field = (text: string, name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? 0);
