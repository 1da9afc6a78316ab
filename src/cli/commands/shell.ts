import { defineCommand } from "../frame/command.ts";
import { execInside } from "../run/exec-inside.ts";

// bash where there is one: people expect its keys.
const shell = ["/bin/sh", "-c", "command -v bash >/dev/null && exec bash || exec sh"];

/** `caisson shell`. */
export const shellCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the running sandbox: its slug, the beginning of it, or its label" }],
  options: {},
  examples: [{ line: "caisson shell brisk-otter", does: "opens a shell beside the agent, as sealed as it" }],
  exits: { 3: "no such sandbox", 6: "it could not be started, or the sandbox ended", 7: "the sandbox does not run" },
  notes: ["Ctrl-] d leaves and ends the shell. Otherwise the exit code is the shell's own."],
  run: (context, { arguments: [name = ""] }) =>
    execInside(context, name, { argv: shell, environment: {}, wantsTerminal: true }),
});
