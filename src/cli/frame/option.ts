import { parseByteSize } from "../../base/byte-size.ts";
import { parseDuration } from "../../base/duration.ts";

/** One option of a command: how it is written, what it does, and how its text becomes a value. */
export interface OptionRow<T> {
  /** As commander reads it: `-f, --follow` or `--allow <host>`. */
  readonly flags: string;
  readonly summary: string;
  readonly kind: "flag" | "text" | "list";
  /** What a good value looks like, for the person whose value was not. */
  readonly expected: string;
  /** The value of what was typed (nothing, one text, or all texts of a list); undefined = not a good value. */
  readonly read: (typed: readonly string[]) => { readonly value: T } | undefined;
}

type Read<T> = OptionRow<T>["read"];

/** An option that is there or not. */
export function flag(flags: string, summary: string): OptionRow<boolean> {
  return { flags, summary, kind: "flag", expected: "no value", read: (typed) => ({ value: typed.length > 0 }) };
}

/** An option with one text; given twice, the last counts. */
export function text(flags: string, summary: string): OptionRow<string | undefined> {
  return { flags, summary, kind: "text", expected: "a text", read: (typed) => ({ value: typed.at(-1) }) };
}

/** An option that may be given several times. */
export function list(flags: string, summary: string): OptionRow<readonly string[]> {
  return { flags, summary, kind: "list", expected: "a text", read: (typed) => ({ value: typed }) };
}

/** An option with one of some words. */
export function choice<const C extends string>(
  flags: string,
  summary: string,
  words: readonly C[],
): OptionRow<C | undefined> {
  const read = readLast((typed) => words.find((word) => word === typed));
  return { flags, summary, kind: "text", expected: words.join(", "), read };
}

/** An option like `90s`, `15m`, `1h30m`, in seconds. */
export function duration(flags: string, summary: string): OptionRow<number | undefined> {
  return {
    flags,
    summary,
    kind: "text",
    expected: "a duration such as 90s, 15m, 1h30m",
    read: readLast(parseDuration),
  };
}

/** An option like `512m` or `4GB`, in bytes. */
export function byteSize(flags: string, summary: string): OptionRow<number | undefined> {
  return { flags, summary, kind: "text", expected: "a size such as 512m or 4g", read: readLast(parseByteSize) };
}

/** An option with a number above 0. */
export function positiveNumber(flags: string, summary: string): OptionRow<number | undefined> {
  const read = readLast((typed) => (/^\d+(\.\d+)?$/.test(typed) && Number(typed) > 0 ? Number(typed) : undefined));
  return { flags, summary, kind: "text", expected: "a number above 0", read };
}

function readLast<T>(parse: (typed: string) => T | undefined): Read<T | undefined> {
  return (typed) => {
    const last = typed.at(-1);
    if (last === undefined) return { value: undefined };
    const value = parse(last);
    return value === undefined ? undefined : { value };
  };
}
