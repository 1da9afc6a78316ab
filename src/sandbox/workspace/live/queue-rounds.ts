/** Runs rounds of work one after the other, each for all the names that came up since the last one began. */
export interface RoundQueue {
  add(name: string): void;
  /** Runs a round now, for these and all that wait. */
  run(names: Iterable<string>): Promise<void>;
  /** Stops; resolves when the round that runs is over. */
  close(): Promise<void>;
}

/** `work` returns the names to try again later. It may throw: what was lost is settled when the run ends. */
export function queueRounds(
  delays: { readonly gatherMs: number; readonly retryMs: number },
  work: (names: readonly string[]) => Promise<readonly string[]>,
): RoundQueue {
  const waiting = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let closed = false;

  const round = async () => {
    const names = [...waiting];
    waiting.clear();
    if (closed || names.length === 0) return;
    const again = await work(names).catch(() => []);
    for (const name of again) waiting.add(name);
    if (again.length > 0) schedule(delays.retryMs);
  };
  const run = (names: Iterable<string>) => {
    for (const name of names) waiting.add(name);
    running = running.then(round);
    return running;
  };
  const schedule = (delayMs: number) => {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void run([]);
    }, delayMs);
  };
  return {
    add: (name) => {
      waiting.add(name);
      schedule(delays.gatherMs);
    },
    run,
    close: () => {
      closed = true;
      clearTimeout(timer);
      return running;
    },
  };
}
