import { createInterface } from "node:readline/promises";
import type { CommandContext } from "./command-context.ts";

/** Asks a person yes or no, on the terminal; anything but yes is no. Only for a context whose input is a terminal. */
export async function confirm(context: CommandContext, question: string): Promise<boolean> {
  const reader = createInterface({ input: context.input.stream, output: process.stderr });
  try {
    const answer = await reader.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
