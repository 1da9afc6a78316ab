import type { FromGate } from "../../spec/gate-protocol.ts";

/** Where lines go: a stream that says when it has enough. */
export interface LineSink {
  write(text: string): boolean;
  once(event: "drain", listener: () => void): unknown;
}

/** Writes messages as lines, many at a time. */
export interface LineWriter {
  send(message: FromGate): void;
  /** Whether so much waits for the keeper that no new request should be begun. */
  readonly isCongested: boolean;
  /** Calls back when it is not any more. */
  whenClear(callback: () => void): void;
  /** What was not yet written, to be written by other means at the very end. */
  takeRest(): string;
}

/** Makes a writer over a sink. Lines wait for the end of the event loop's turn, so that a burst is one write. */
export function createLineWriter(sink: LineSink): LineWriter {
  let waiting: string[] = [];
  let isBlocked = false;
  let isScheduled = false;
  let clear: (() => void)[] = [];
  const flush = () => {
    isScheduled = false;
    if (isBlocked || waiting.length === 0) return;
    const text = waiting.join("");
    waiting = [];
    if (sink.write(text)) return;
    isBlocked = true;
    sink.once("drain", () => {
      isBlocked = false;
      const callbacks = clear;
      clear = [];
      flush();
      for (const callback of callbacks) callback();
    });
  };
  return {
    send(message) {
      waiting.push(`${JSON.stringify(message)}\n`);
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(flush);
    },
    get isCongested() {
      return isBlocked && waiting.length > 1_000;
    },
    whenClear(callback) {
      clear.push(callback);
    },
    takeRest() {
      const rest = waiting.join("");
      waiting = [];
      return rest;
    },
  };
}
