import { readFileSync } from "node:fs";

/** A process that cannot be confused with a later one of the same pid, nor with one from before a reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
}

let bootId: string | undefined;

/** This boot's id, which no process outlives; empty where /proc has none. */
export function readBootId(): string {
  try {
    bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return bootId;
  } catch {
    return "";
  }
}

/** Clock ticks after boot at which a process started, or undefined when it is gone (a zombie counts as gone). */
export function readStartTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name may hold spaces and brackets: fields count from behind its last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The identity of a running process; empty start ticks where /proc cannot tell. */
export const identifyProcess = (pid: number): ProcessIdentity => ({
  pid,
  startTicks: readStartTicks(pid) ?? "",
  bootId: readBootId(),
});

/** Whether exactly this process still runs. */
export const isSameProcess = (identity: ProcessIdentity): boolean =>
  identity.bootId === readBootId() &&
  identity.startTicks !== "" &&
  readStartTicks(identity.pid) === identity.startTicks;
