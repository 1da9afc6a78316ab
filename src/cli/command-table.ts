import type { Command } from "./frame/command.ts";

/** One row of the command table. The command itself is loaded when it is asked for: a start must not pay for all of them. */
export interface CommandRow {
  readonly name: string;
  readonly group: "run" | "look" | "end" | "set up";
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of `caisson --help`. */
export const commandTable: readonly CommandRow[] = [
  {
    name: "doctor",
    group: "set up",
    summary: "say what this machine has and lacks, and mend it with --fix",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
];
