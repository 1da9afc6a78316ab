import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeWhole } from "../host/write-whole.ts";
import type { RunEvent, RunEventDraft } from "../spec/events.ts";
import { dropCutLine } from "./drop-cut-line.ts";
import { createOpenPairs } from "./open-pairs.ts";
import { eachEvent } from "./read-events.ts";

/** Gives events their number and time, keeps them in `events.jsonl`, and tells whoever listens, in that order. */
export interface EventLog {
  /** What it takes for pairs to be pairs is told before it: at the end of a run, the end of what is still open. */
  append(draft: RunEventDraft): RunEvent;
  subscribe(listener: (event: RunEvent) => void): () => void;
  readonly lastSeq: number;
  close(): void;
}

/** Opens the event log of one run; numbering goes on after what is there, so that a settling process can add the end. */
export function openEventLog(path: string, agent: string, now: () => Date): EventLog {
  dropCutLine(path);
  let seq = 0;
  const pairs = createOpenPairs();
  for (const event of eachEvent(path)) {
    seq = event.seq;
    pairs.before(event);
  }
  const fd = openSync(path, "a", 0o600);
  const listeners = new Set<(event: RunEvent) => void>();
  const write = (draft: RunEventDraft) => {
    seq += 1;
    const event = { ts: now().toISOString(), seq, agent, ...draft } as RunEvent;
    writeWhole(fd, `${JSON.stringify(event)}\n`);
    // What a person said is kept through a power cut too: it is on the disk before the CLI gets it.
    if (draft.event === "prompt_received") fsyncSync(fd);
    for (const listener of listeners) listener(event);
    return event;
  };
  return {
    append(draft) {
      for (const missing of pairs.before(draft)) write(missing);
      return write(draft);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get lastSeq() {
      return seq;
    },
    close: () => closeSync(fd),
  };
}
