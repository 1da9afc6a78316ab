import type { ColorName } from "../../spec/color-names.ts";
import type { Style } from "./output.ts";

const plain = (text: string) => text;
const colour = (open: number | string, close: number) => (text: string) => `\u001b[${open}m${text}\u001b[${close}m`;

const marks: Readonly<Record<string, (text: string) => string>> = {
  red: colour(31, 39),
  orange: colour("38;5;208", 39),
  yellow: colour(33, 39),
  green: colour(32, 39),
  cyan: colour(36, 39),
  blue: colour(34, 39),
  purple: colour(35, 39),
  pink: colour("38;5;205", 39),
  gray: colour(90, 39),
} satisfies Record<ColorName, unknown>;

/** No colours. */
export const plainStyle: Style = {
  bold: plain,
  dim: plain,
  good: plain,
  bad: plain,
  warn: plain,
  mark: (_, text) => text,
};

/** Colours of a terminal. */
export const colourStyle: Style = {
  bold: colour(1, 22),
  dim: colour(2, 22),
  good: colour(32, 39),
  bad: colour(31, 39),
  warn: colour(33, 39),
  mark: (name, text) => (name === undefined ? text : (marks[name] ?? plain)(text)),
};
