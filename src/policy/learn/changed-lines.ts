/** What differs between two texts, as lines with a sign and up to two lines around: between the first and the last difference. Pure. */
export function changedLines(before: string, now: string): readonly string[] {
  const [was, is] = [linesOf(before), linesOf(now)];
  let head = 0;
  while (head < was.length && head < is.length && was[head] === is[head]) head += 1;
  let tail = 0;
  while (tail < was.length - head && tail < is.length - head && was.at(-1 - tail) === is.at(-1 - tail)) tail += 1;
  const [gone, come] = [was.slice(head, was.length - tail), is.slice(head, is.length - tail)];
  if (gone.length + come.length === 0) return [];
  return [
    `@@ line ${head + 1} @@`,
    ...was.slice(Math.max(0, head - 2), head).map((line) => ` ${line}`),
    ...gone.map((line) => `-${line}`),
    ...come.map((line) => `+${line}`),
    ...was.slice(was.length - tail, was.length - tail + 2).map((line) => ` ${line}`),
  ];
}

const linesOf = (text: string): readonly string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
