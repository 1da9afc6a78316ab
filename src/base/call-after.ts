/** The longest that `setTimeout` counts, 24.8 days: given more, it calls at once. */
const longestMilliseconds = 2 ** 31 - 1;

/** Calls once when the time is over, however long that is. Returns what calls it off. */
export function callAfter(seconds: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number) => {
    timer = setTimeout(
      () => (left > longestMilliseconds ? wait(left - longestMilliseconds) : act()),
      Math.min(left, longestMilliseconds),
    );
  };
  wait(seconds * 1000);
  return () => clearTimeout(timer);
}
