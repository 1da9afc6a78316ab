import { nearestWord } from "../policy/nearest-word.ts";
import { commandTable } from "./command-table.ts";
import { cliFailure } from "./errors.ts";
import type { CommandContext } from "./frame/command-context.ts";
import { findCommand } from "./frame/find-command.ts";
import { renderOverview } from "./frame/overview.ts";

/** Does what a command line asks and says with which code to exit; expected failures are thrown. */
export async function runCommandLine(
  context: CommandContext,
  words: readonly string[],
  version: string,
): Promise<number> {
  const { output } = context;
  const names = commandTable.map((row) => row.name);
  const found = findCommand(words, names);
  switch (found.kind) {
    case "overview": {
      const commands = commandTable.map(({ name, summary }) => ({ name, summary }));
      output.show({ commands }, () => renderOverview(commandTable, found.group));
      return 0;
    }
    case "version":
      output.show({ version }, () => [version]);
      return 0;
    case "unknown":
      throw cliFailure("unknown_command", { name: found.name, suggestion: nearestWord(found.name, names) });
    case "command":
      return runCommand(context, found.name, found.rest);
  }
}

async function runCommand(context: CommandContext, name: string, words: readonly string[]): Promise<number> {
  const row = commandTable.find((one) => one.name === name);
  const [command, { parseArguments, renderHelp }] = await Promise.all([
    row?.load(),
    import("./frame/parse-arguments.ts"),
  ]);
  if (row === undefined || command === undefined) throw cliFailure("unknown_command", { name, suggestion: undefined });
  const parsed = parseArguments(name, command, words);
  if (parsed.kind === "run") return command.run(context, parsed.input);
  const columns = Math.min(context.terminalSize()?.columns ?? 100, 120);
  const help = renderHelp(name, command, columns);
  const summary = `${row.summary[0]?.toUpperCase()}${row.summary.slice(1)}.`;
  context.output.show({ command: name, summary, help }, () => [summary, "", ...help.trimEnd().split("\n")]);
  return 0;
}
