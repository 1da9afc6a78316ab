import { closeSync, openSync, readSync } from "node:fs";
import type { RunEvent } from "../spec/events.ts";

const chunkBytes = 1024 ** 2;
/** Of what an agent can make any number of, the newest are held in memory: so many bytes of lines. */
const bulkBytes = 32 * 1024 ** 2;
/** What happens a bounded number of times, or stands for work of a person or a model: all of it is held. */
const lasting: ReadonlySet<string> = new Set<RunEvent["event"]>([
  "sandbox_launching",
  "sandbox_launched",
  "run_started",
  "run_completed",
  "sandbox_stopped",
  "conversation_opened",
  "prompt_received",
  "prompts_dropped",
  "turn_started",
  "turn_completed",
  "usage_reported",
  "result_reported",
  "policy_changed",
]);

/**
 * The events after `afterSeq`, in order. Of a log that an agent has blown up the newest 32 MiB are given, and from before
 * only what makes the conversation: prompts, turns, launches, ends. A line cut by a crash is left out; unknown events are
 * passed on as they are.
 */
export function readEvents(path: string, afterSeq = 0): readonly RunEvent[] {
  const kept: RunEvent[] = [];
  let bulk: { readonly event: RunEvent; readonly bytes: number }[] = [];
  let held = 0;
  let dropped = 0;
  for (const { event, bytes } of eachLine(path)) {
    if (event.seq <= afterSeq) continue;
    if (lasting.has(event.event)) {
      kept.push(event);
      continue;
    }
    bulk.push({ event, bytes });
    held += bytes;
    while (held > bulkBytes && dropped < bulk.length - 1) held -= bulk[dropped++]?.bytes ?? 0;
    if (dropped > 10_000) {
      bulk = bulk.slice(dropped);
      dropped = 0;
    }
  }
  return [...kept, ...bulk.slice(dropped).map(({ event }) => event)].sort((a, b) => a.seq - b.seq);
}

/** Every event, one at a time: however long the log is, one line of it is in memory. */
export function* eachEvent(path: string): Generator<RunEvent> {
  for (const { event } of eachLine(path)) yield event;
}

function* eachLine(path: string): Generator<{ readonly event: RunEvent; readonly bytes: number }> {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return;
  }
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let begun: Buffer[] = [];
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end !== -1 && end < read; end = chunk.indexOf(0x0a, start)) {
        const line = Buffer.concat([...begun, chunk.subarray(start, end)]);
        begun = [];
        start = end + 1;
        if (line.length === 0) continue;
        const event = parseLine(line);
        if (event === undefined) return;
        yield { event, bytes: line.length };
      }
      if (start < read) begun.push(Buffer.from(chunk.subarray(start, read)));
    }
    // The last line may lack its end while it is being written; what is whole counts.
    const event = begun.length === 0 ? undefined : parseLine(Buffer.concat(begun));
    if (event !== undefined) yield { event, bytes: 0 };
  } finally {
    closeSync(fd);
  }
}

function parseLine(line: Buffer): RunEvent | undefined {
  try {
    return JSON.parse(line.toString("utf8")) as RunEvent;
  } catch {
    return undefined;
  }
}
