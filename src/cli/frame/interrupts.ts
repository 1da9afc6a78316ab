import type { CommandContext } from "./command-context.ts";

type Listener = Parameters<CommandContext["onInterrupt"]>[0];
type Cause = Parameters<Listener>[1];

const exitOf: Readonly<Record<Cause, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, EPIPE: 141 };

/** The process's interrupts, handed to whoever listens; with nobody listening the process exits as the shell expects. */
export interface Interrupts {
  listen(listener: Listener): Disposable;
  /** Standard output or error has no reader any more. */
  pipeClosed(): void;
}

/** Takes over the signals of `signals` (the process). */
export function createInterrupts(
  signals: { on(signal: Cause, listener: () => void): unknown },
  exit: (code: number) => void,
): Interrupts {
  const listeners = new Set<Listener>();
  let count = 0;
  let isPipeClosed = false;
  const interrupt = (cause: Cause) => {
    if (listeners.size === 0) exit(exitOf[cause]);
    count += 1;
    for (const listener of listeners) listener(count, cause);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) signals.on(signal, () => interrupt(signal));
  return {
    listen: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
    pipeClosed: () => {
      if (isPipeClosed) return;
      isPipeClosed = true;
      interrupt("EPIPE");
    },
  };
}
