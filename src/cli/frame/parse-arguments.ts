import { Command as Commander, CommanderError, Option } from "commander";
import { cliFailure } from "../errors.ts";
import type { Command, CommandInput } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { flag, type OptionRow } from "./option.ts";

/** What one command line asks: to be run with this input, or to be explained. */
export type ParsedArguments =
  | { readonly kind: "run"; readonly input: CommandInput<Command["options"]> }
  | { readonly kind: "help" };

/** Every command has this one; `main.ts` reads it before anything else. */
const jsonOption = flag("--json", "print one JSON object, or one a line, instead of text");

/** Reads the words after a command's name; wrong ones are `Failure`s that say what would be right. */
export function parseArguments(name: string, command: Command, words: readonly string[]): ParsedArguments {
  const dashes = words.indexOf("--");
  const ours = dashes === -1 ? words : words.slice(0, dashes);
  const trailing = dashes === -1 ? undefined : words.slice(dashes + 1);
  if (trailing !== undefined && command.trailing === undefined) {
    throw cliFailure("wrong_usage", { command: name, problem: 'nothing can follow "--"' });
  }
  const commander = commanderOf(name, command);
  try {
    commander.parse(ours.map(hideDash), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { kind: "help" };
    throw explainCommanderError(name, error);
  }
  const options = readOptions(name, command, commander.opts());
  return { kind: "run", input: { arguments: commander.args.map(showDash), options, command: trailing } };
}

/** The whole `--help` of a command below the line that says what it does, also the text of docs/commands.md. */
export function renderHelp(name: string, command: Command, columns: number): string {
  const commander = commanderOf(name, command).configureOutput({ getOutHelpWidth: () => columns });
  const examples = command.examples.flatMap(({ line, does }) => [`  ${line}`, `      ${does}`]);
  const exits = exitsOf(command).map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`);
  const notes = (command.notes ?? []).flatMap((note) => ["", note]);
  return [
    commander.helpInformation().trimEnd(),
    ...notes,
    "",
    "Examples:",
    ...examples,
    "",
    "Exit codes:",
    ...exits,
    "",
  ].join("\n");
}

/** Exit codes that a command documents: the usual ones and its own. */
function exitsOf(command: Command): readonly (readonly [string, string])[] {
  const usual = Object.fromEntries([0, 2, 70].map((code) => [code, exitCodes[code] ?? ""]));
  return Object.entries({ ...usual, ...command.exits });
}

function commanderOf(name: string, command: Command): Commander {
  const commander = new Commander(`caisson ${name}`)
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .helpOption("-h, --help", "print this")
    .usage(usageOf(command));
  for (const argument of command.arguments) commander.argument(argument.name, argument.summary);
  for (const row of [...Object.values(command.options), jsonOption]) commander.addOption(optionOf(row));
  return commander;
}

function usageOf(command: Command): string {
  const words = command.arguments.map((argument) => argument.name);
  return ["[options]", ...words, ...(command.trailing === undefined ? [] : [command.trailing])].join(" ");
}

function optionOf(row: OptionRow<unknown>): Option {
  const option = new Option(row.flags, row.summary);
  if (row.kind === "flag") return option;
  return option.argParser((typed: string, before: readonly string[] | undefined) => [...(before ?? []), typed]);
}

function readOptions(
  name: string,
  command: Command,
  typed: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const values = Object.entries(command.options).map(([key, row]) => {
    const option = optionOf(row);
    const words = typedWords(typed[option.attributeName()]);
    const read = row.read(words);
    if (read !== undefined) return [key, read.value];
    const value = words.at(-1) ?? "";
    throw cliFailure("wrong_value", { command: name, option: option.long ?? key, value, expected: row.expected });
  });
  return Object.fromEntries(values);
}

function typedWords(value: unknown): readonly string[] {
  if (Array.isArray(value)) return (value as readonly string[]).map(showDash);
  return value === true ? ["true"] : [];
}

// No option's name has a blank in it: a prompt such as "- mend this" is text, whatever it begins with.
const isText = /^-[^=\s]*\s/;
const hidden = "\ue000";
const hideDash = (word: string) => (isText.test(word) ? `${hidden}${word}` : word);
const showDash = (word: string) => (word.startsWith(`${hidden}-`) ? word.slice(hidden.length) : word);

function explainCommanderError(name: string, error: CommanderError): Error {
  const [first = "", second = ""] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = /Did you mean (?:one of )?([^,?]+)/.exec(second)?.[1];
  const option = /^unknown option '(.*)'$/.exec(first)?.[1];
  if (option !== undefined) return cliFailure("unknown_option", { option, command: name, suggestion });
  return cliFailure("wrong_usage", { command: name, problem: first.replace(/'([^']*)'/g, '"$1"').replace(/\.$/, "") });
}
