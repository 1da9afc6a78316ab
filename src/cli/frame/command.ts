import type { CommandContext } from "./command-context.ts";
import type { OptionRow } from "./option.ts";

// biome-ignore lint/suspicious/noExplicitAny: rows of one record have different value types; each command sees its own
type Options = Readonly<Record<string, OptionRow<any>>>;

type ValueOf<R> = R extends OptionRow<infer T> ? T : never;

/** What a person typed, parsed. `command` is all after `--`, when there was one. */
export interface CommandInput<O extends Options> {
  readonly arguments: readonly string[];
  readonly options: { readonly [K in keyof O]: ValueOf<O[K]> };
  readonly command: readonly string[] | undefined;
}

/** One command: everything that its `--help` and docs/commands.md say, and what it does. */
export interface Command<O extends Options = Options> {
  /** As in commander: `<required>`, `[optional]`, `[many...]`. */
  readonly arguments: readonly { readonly name: string; readonly summary: string }[];
  /** `-- COMMAND...`, or in brackets where it may be left out; without it nothing may follow `--`. */
  readonly trailing?: string;
  readonly options: O;
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /** Exit codes besides those that every command has, with what each means here. */
  readonly exits: Readonly<Record<number, string>>;
  /** More than one sentence, where there is more to say. */
  readonly notes?: readonly string[];
  /** Does it; the number is the exit code. Expected failures are thrown. */
  run(context: CommandContext, input: CommandInput<O>): Promise<number>;
}

/** Ties a command's options to the values that its `run` gets. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}
