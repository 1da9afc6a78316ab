import { readdirSync, readFileSync } from "node:fs";

/** Text that no other command line on this machine has. */
export const freshMarker = (): string => `caisson-test-${process.pid}-${Date.now()}`;

/** Processes of this machine, in containers too, whose command line holds this text; and whose program's name fits. */
export function processesSaying(text: string, program = /./): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const argv = readQuietly(`/proc/${pid}/cmdline`);
      return argv.includes(text) && program.test(readQuietly(`/proc/${pid}/comm`).trim());
    })
    .map(Number);
}

/** Processes of this machine whose environment or command line holds this text. */
export function processesAt(text: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => `${readQuietly(`/proc/${pid}/environ`)}${readQuietly(`/proc/${pid}/cmdline`)}`.includes(text))
    .map(Number);
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // Gone, or another user's.
  }
}
