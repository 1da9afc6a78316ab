/** A line of what is asked for: new, gone, or as it was. */
export interface DiffLine {
  readonly sign: "+" | "-" | " ";
  readonly line: string;
}

/** What changed between two sorted lists without doubles, in their common order. Pure. */
export function diffLines(before: readonly string[], now: readonly string[]): readonly DiffLine[] {
  const [was, is] = [new Set(before), new Set(now)];
  return [...new Set([...before, ...now])].sort().map((line) => ({
    line,
    sign: was.has(line) ? (is.has(line) ? " " : "-") : "+",
  }));
}
