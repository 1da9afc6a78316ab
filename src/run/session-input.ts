import type { RunningProcess } from "../spec/engine.ts";

/** Bytes that a CLI may leave unread: past this, nothing more is taken for it. */
const mostUntaken = 8 * 1024 ** 2;
/** Past this it is ended: people's words are not taken any more then, but it could make us answer it without end. */
const mostAnswers = 2 * mostUntaken;

/** How a CLI is ended that does not end with its input, as servers do: it has written down what it had by then. */
const partings = [
  ["SIGTERM", 1.5],
  ["SIGKILL", 8],
] as const;

/** The way into a session's CLI: in order, and bounded. */
export interface SessionInput {
  open(child: Pick<RunningProcess, "write" | "closeInput" | "kill">): void;
  write(text: string): void;
  /** Ends what it reads. A CLI that does not end at that is told to, and killed if it does not end at that either. */
  close(): void;
  kill(): void;
  readonly isFull: boolean;
}

/** Not open yet: what is written before goes nowhere. `overrun`: the CLI is ended, as it reads nothing of too much. */
export function createSessionInput(overrun: () => void): SessionInput {
  let child: Pick<RunningProcess, "write" | "closeInput" | "kill"> | undefined;
  let untaken = 0;
  let isOverrun = false;
  return {
    open: (opened) => {
      child = opened;
    },
    write(text) {
      if (isOverrun) return;
      const bytes = Buffer.from(text);
      untaken += bytes.length;
      child?.write(bytes, () => {
        untaken -= bytes.length;
      });
      if (untaken <= mostAnswers) return;
      isOverrun = true;
      overrun();
      child?.kill("SIGKILL");
    },
    close() {
      child?.closeInput();
      for (const [signal, seconds] of partings) setTimeout(() => child?.kill(signal), seconds * 1000).unref();
    },
    kill: () => child?.kill("SIGKILL"),
    get isFull() {
      return untaken > mostUntaken;
    },
  };
}
