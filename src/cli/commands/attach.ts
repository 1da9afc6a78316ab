import { defineCommand } from "../frame/command.ts";
import { attachRun } from "../run/attach-run.ts";

/** `caisson attach`. */
export const attachCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the running sandbox: its slug, the beginning of it, or its label" }],
  options: {},
  examples: [{ line: "caisson attach brisk-otter", does: "shows what it said so far, and follows it to its end" }],
  exits: { 3: "no such sandbox", 7: "it does not run" },
  notes: [
    "In a session what you type is said; Ctrl-C or Ctrl-D leaves, and it goes on without you.",
    "Ctrl-C leaves it running; where the agent has the terminal, Ctrl-C is the agent's and Ctrl-] d leaves. The exit code is the run's, or 0 when you left.",
  ],
  run: (context, { arguments: [name = ""] }) => attachRun(context, name),
});
