import { readdirSync, readFileSync } from "node:fs";

/** Proportional set size of a process in bytes: what is shared counts by its share. 0 when it is gone. */
export function pssOf(pid: number): number {
  try {
    const line = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Bytes of a keeper, of its gate, and of the rest below it (the namespaces' holder), by what their command lines name. */
export function sandboxMemory(keeper: number): {
  readonly keeper: number;
  readonly gate: number;
  readonly rest: number;
} {
  const parents = parentsOfAll();
  const below = (pid: number): readonly number[] =>
    [...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...below(child)]);
  const sum = { keeper: pssOf(keeper), gate: 0, rest: 0 };
  for (const pid of below(keeper)) sum[isGate(pid) ? "gate" : "rest"] += pssOf(pid);
  return sum;
}

function isGate(pid: number): boolean {
  try {
    return /\/gate(\/main\.ts|\.cjs)|start\.cjs\0gate/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return false;
  }
}

function parentsOfAll(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended while we looked.
    }
  }
  return parents;
}
