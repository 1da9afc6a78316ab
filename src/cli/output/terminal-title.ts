import type { Metadata } from "../../spec/state-files.ts";
import { cleanText } from "./clean-text.ts";
import type { Output } from "./output.ts";

// Push, set, and at the end clear and pop: where a terminal keeps no stack of titles, the cleared one stays.
const push = "\u001b[22;0t";
const pop = "\u001b]2;\u0007\u001b[23;0t";

/** Names a run in the title of the person's terminal until it is disposed of; does nothing where output is no terminal. */
export function terminalTitle(
  output: Pick<Output, "isTerminal" | "json" | "raw">,
  { slug, agent, label, color }: Pick<Metadata, "slug" | "agent" | "label" | "color">,
): Disposable {
  if (!output.isTerminal || output.json) return { [Symbol.dispose]: () => {} };
  const write = (text: string) => output.raw(Buffer.from(text));
  const mark = color === undefined ? "" : `${marks[color] ?? "●"} `;
  write(`${push}\u001b]0;${cleanText(`${mark}${label ?? slug} · ${agent}`)}\u0007`);
  return { [Symbol.dispose]: () => write(pop) };
}

// A title has no colours of its own: the signs that look like them.
const marks: Readonly<Record<string, string>> = {
  red: "🔴",
  orange: "🟠",
  yellow: "🟡",
  green: "🟢",
  cyan: "🩵",
  blue: "🔵",
  purple: "🟣",
  pink: "🩷",
  gray: "⚪",
};
