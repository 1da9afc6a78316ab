import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What `/proc` tells of one process. A pid alone is not an identity: pid, start ticks and boot id together are. */
export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly state: string;
  readonly session: number;
  /** Clock ticks after boot at which it started. */
  readonly startTicks: string;
}

/** The machine's processes, as far as the kernel shows them to us. No method throws: a process may vanish at any time. */
export interface ProcessTable {
  bootId(): string;
  /** Clock ticks since boot, as in `startTicks`. */
  ticks(): number;
  pids(): readonly number[];
  read(pid: number): ProcessFacts | undefined;
  /** The kernel's name of a process's namespace, such as `pid:[4026532281]`; undefined when it may not be seen. */
  namespace(pid: number, kind: "pid" | "net" | "user" | "mnt"): string | undefined;
  /** Text of a file below `/proc/PID`, or undefined. */
  file(pid: number | "self", name: string): string | undefined;
  /** Direct children, in the order in which they started. */
  children(pid: number): readonly number[];
}

/** The real process table. */
export const procTable: ProcessTable = {
  bootId: () => readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "",
  // The kernel counts in hundredths of a second towards programs, on every architecture that we run on.
  ticks: () => Math.floor(Number.parseFloat(readText("/proc/uptime") ?? "0") * 100),
  pids: () =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  read: (pid) => parseStat(pid, readText(`/proc/${pid}/stat`)),
  namespace: (pid, kind) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/${kind}`);
    } catch {
      return undefined;
    }
  },
  file: (pid, name) => readText(`/proc/${pid}/${name}`),
  children: (pid) => {
    const listed = readText(`/proc/${pid}/task/${pid}/children`);
    if (listed !== undefined) return listed.trim().split(/\s+/).filter(Boolean).map(Number);
    return procTable.pids().filter((other) => procTable.read(other)?.ppid === pid);
  },
};

/** Parses `/proc/PID/stat`. The command name may hold spaces and brackets: fields count from behind its last one. */
export function parseStat(pid: number, text: string | undefined): ProcessFacts | undefined {
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, ppid, , session] = fields;
  const startTicks = fields[19];
  if (state === undefined || ppid === undefined || session === undefined || startTicks === undefined) return undefined;
  return { pid, ppid: Number(ppid), state, session: Number(session), startTicks };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
