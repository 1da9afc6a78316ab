import { cliFailure } from "../errors.ts";
import { defineCommand } from "../frame/command.ts";
import { flag, list, text } from "../frame/option.ts";
import { execInside } from "../run/exec-inside.ts";

/** `caisson exec`. */
export const execCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the running sandbox: its slug, the beginning of it, or its label" }],
  trailing: "-- COMMAND...",
  options: {
    env: list("--env <name=value>", "a variable for this command"),
    workdir: text("--workdir <folder>", "where it starts, inside; by default where the agent did"),
    noTerminal: flag("-T, --no-terminal", "plain streams, also on a terminal"),
  },
  examples: [
    { line: "caisson exec brisk-otter -- git status", does: "runs a command beside the agent, as sealed as it" },
    { line: "tar c . | caisson exec brisk-otter -- tar x -C /tmp", does: "standard input goes in, too" },
  ],
  exits: { 3: "no such sandbox", 6: "it could not be started, or the sandbox ended", 7: "the sandbox does not run" },
  notes: ["Otherwise the exit code is the command's own; 128 and the number of the signal that ended it."],
  run: async (context, { arguments: [name = ""], options, command }) => {
    if (command === undefined || command.length === 0) {
      throw cliFailure("wrong_usage", { command: "exec", problem: 'the command stands after "--"' });
    }
    return execInside(context, name, {
      argv: [...command],
      environment: parseVariables(options.env),
      ...(options.workdir !== undefined && { workdir: options.workdir }),
      wantsTerminal: !options.noTerminal,
    });
  },
});

function parseVariables(variables: readonly string[]): Readonly<Record<string, string>> {
  const pairs = variables.map((variable): [string, string] => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(variable) ?? [];
    if (name === undefined || value === undefined) {
      throw cliFailure("wrong_value", { command: "exec", option: "--env", value: variable, expected: "NAME=VALUE" });
    }
    return [name, value];
  });
  return Object.fromEntries(pairs);
}
