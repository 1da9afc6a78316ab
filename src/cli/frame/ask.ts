import { createInterface } from "node:readline/promises";
import type { CommandContext } from "./command-context.ts";

/** Asks each question on the terminal; answers by name. Only called where there is a terminal. */
export async function askAll(
  context: Pick<CommandContext, "input">,
  questions: readonly (readonly [name: string, question: string])[],
): Promise<Readonly<Record<string, string>>> {
  // On standard error: standard output is for what the command answers.
  using lines = createInterface({ input: context.input.stream, output: process.stderr });
  const answers: Record<string, string> = {};
  for (const [name, question] of questions) answers[name] = await lines.question(`${question} `);
  return answers;
}
