import { readdirSync, statSync } from "node:fs";

/** Bytes of files on `device` that processes of a namespace hold open and that have no name any more: no folder shows them. */
export function measureUnlinked(initPid: number, device: number): number {
  const root = `/proc/${initPid}/root/proc`;
  const files = new Map<number, number>();
  for (const pid of list(root)) {
    if (!/^\d+$/.test(pid)) continue;
    for (const fd of list(`${root}/${pid}/fd`)) {
      try {
        const stat = statSync(`${root}/${pid}/fd/${fd}`);
        if (stat.isFile() && stat.nlink === 0 && stat.dev === device) files.set(stat.ino, stat.blocks * 512);
      } catch {
        // Closed in the meantime.
      }
    }
  }
  return [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
