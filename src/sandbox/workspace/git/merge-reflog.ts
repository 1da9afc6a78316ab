const line = /^[0-9a-f]{40,64} [0-9a-f]{40,64} [^\p{Cc}]* \d{1,12} [+-]\d{4}(\t[^\p{Cc}]*)?$/u;
const timeOf = (text: string) => Number(/ (\d{1,12}) [+-]\d{4}(\t|$)/.exec(text)?.[1] ?? 0);
const linesOf = (text: string) => text.split("\n").filter((each) => each !== "");

/** Whether every line of a reflog is one that git would have written. */
export const isReflog = (text: string): boolean => linesOf(text).every((each) => line.test(each));

/** Joins a reflog that both sides wrote to: the person's lines stay, those that the agent added come in by time. */
export function mergeReflogs(inside: string, host: string): string {
  const result = linesOf(host);
  const known = new Set(result);
  for (const added of linesOf(inside).filter((each) => !known.has(each))) {
    const before = result.findLastIndex((each) => timeOf(each) <= timeOf(added));
    result.splice(before + 1, 0, added);
  }
  return result.map((each) => `${each}\n`).join("");
}
