import type { Readable } from "node:stream";

/** How long output may stay silent after the command ended, before what still holds its streams is not waited for. */
const quietMilliseconds = 200;

/** How a command ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal?: string;
}

/**
 * The end comes after all output. A daemon that the command left behind may hold its streams for ever: once the command is
 * gone, silence ends that wait; a reader that pauses is waited for, and one that never came is not.
 */
export function watchEnd(exited: Promise<ProcessEnd>, streams: readonly Readable[]) {
  const open = new Set(streams.filter((stream) => !stream.closed));
  let exit: ProcessEnd | undefined;
  let quiet: NodeJS.Timeout | undefined;
  let looked: NodeJS.Immediate | undefined;
  const hush = () => {
    clearTimeout(quiet);
    clearImmediate(looked);
  };
  const ended = new Promise<ProcessEnd>((resolve) => {
    const settle = () => {
      if (exit === undefined || open.size > 0) return;
      hush();
      resolve(exit);
    };
    for (const stream of streams) {
      stream.once("close", () => {
        open.delete(stream);
        settle();
      });
    }
    void exited.then((how) => {
      exit = how;
      wait();
      settle();
    });
  });

  function wait(): void {
    hush();
    // A process that stood still has its timers first, and then what was said meanwhile: it looks once more before it hangs up.
    quiet = setTimeout(() => {
      looked = setImmediate(hangUp);
    }, quietMilliseconds);
  }

  function hangUp(): void {
    const unheard = [...open].filter((stream) => stream.readableFlowing === null);
    for (const stream of unheard) stream.resume();
    if (unheard.length > 0 || [...open].some((stream) => stream.isPaused())) wait();
    else for (const stream of open) stream.destroy();
  }

  return {
    ended,
    /** Output came: what holds the streams still has something to say. */
    heard: () => {
      if (exit !== undefined) wait();
    },
  };
}
