import type { RunningProcess } from "../spec/engine.ts";

/** Bytes that a CLI may leave unread: past this, nothing more is taken for it. */
const mostUntaken = 8 * 1024 ** 2;

/** The way into a session's CLI: in order, and bounded. */
export interface SessionInput {
  open(child: Pick<RunningProcess, "write" | "closeInput" | "kill">): void;
  write(text: string): void;
  /** Ends what it reads; a CLI that has not ended by itself by then is killed. */
  close(seconds: number): void;
  kill(): void;
  readonly isFull: boolean;
}

/** Not open yet: what is written before goes nowhere. */
export function createSessionInput(): SessionInput {
  let child: Pick<RunningProcess, "write" | "closeInput" | "kill"> | undefined;
  let untaken = 0;
  return {
    open: (opened) => {
      child = opened;
    },
    write(text) {
      const bytes = Buffer.from(text);
      untaken += bytes.length;
      child?.write(bytes, () => {
        untaken -= bytes.length;
      });
    },
    close(seconds) {
      child?.closeInput();
      setTimeout(() => child?.kill("SIGKILL"), seconds * 1000).unref();
    },
    kill: () => child?.kill("SIGKILL"),
    get isFull() {
      return untaken > mostUntaken;
    },
  };
}
