import { createMachine } from "../run/machine.ts";
import type { SettleHost } from "../run/settle.ts";
import type { CommandContext } from "./frame/command-context.ts";

/** What stopping and settling do to this machine. */
export function settleHost({ environment, folders }: CommandContext): SettleHost {
  // The number alone: a user need not have a name.
  const uid = process.geteuid?.() ?? 0;
  return createMachine({ environment, home: folders.home, stateRoot: folders.state, uid });
}
