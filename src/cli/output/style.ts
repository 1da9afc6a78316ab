import type { Style } from "./output.ts";

const plain = (text: string) => text;
const colour = (open: number, close: number) => (text: string) => `\u001b[${open}m${text}\u001b[${close}m`;

/** No colours. */
export const plainStyle: Style = { bold: plain, dim: plain, good: plain, bad: plain, warn: plain };

/** Colours of a terminal. */
export const colourStyle: Style = {
  bold: colour(1, 22),
  dim: colour(2, 22),
  good: colour(32, 39),
  bad: colour(31, 39),
  warn: colour(33, 39),
};
