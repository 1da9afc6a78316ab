import type { CommandContext } from "./command-context.ts";

/** Asks for one line on the terminal without showing it. Undefined when the person gave up (Ctrl-C, Ctrl-D). */
export async function askHidden(context: Pick<CommandContext, "input">, question: string): Promise<string | undefined> {
  const { stream } = context.input;
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let typed = "";
  const take = (piece: string) => {
    for (const character of piece) {
      if (character === "\r" || character === "\n") return resolve(typed);
      if (character === "\x03" || character === "\x04") return resolve(undefined);
      typed = character === "\x7f" || character === "\b" ? typed.slice(0, -1) : typed + character;
    }
  };
  process.stderr.write(`${question} `);
  stream.setRawMode(true);
  stream.setEncoding("utf8").on("data", take).resume();
  try {
    return await promise;
  } finally {
    stream.off("data", take).pause();
    stream.setRawMode(false);
    process.stderr.write("\n");
  }
}
