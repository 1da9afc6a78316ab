import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeWhole } from "../host/write-whole.ts";
import type { Journal } from "../spec/engine.ts";
import type { JournalLine } from "../spec/state-files.ts";

/** A journal that also records undoing; `close` gives the file back. */
export interface FileJournal extends Journal {
  undone(step: string, data?: Readonly<Record<string, unknown>>): void;
  undoFailed(step: string, data: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/**
 * Opens `journal.jsonl` for appending. A line is in the kernel before the call returns, so that it outlives any death of
 * this process; steps that guard what outlives the machine too (files in the workspace) are also flushed to disk.
 */
export function openJournal(path: string, now: () => Date, durable: ReadonlySet<string> = new Set()): FileJournal {
  const fd = openSync(path, "a", 0o600);
  const append = (step: string, phase: JournalLine["phase"], data: Readonly<Record<string, unknown>> = {}) => {
    writeWhole(fd, `${JSON.stringify({ ts: now().toISOString(), step, phase, data })}\n`);
    if (durable.has(step)) fsyncSync(fd);
  };
  return {
    intent: (step, data) => append(step, "intent", data),
    result: (step, data) => append(step, "result", data),
    undone: (step, data) => append(step, "undone", data),
    undoFailed: (step, data) => append(step, "undo_failed", data),
    close: () => closeSync(fd),
  };
}
