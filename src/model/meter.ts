import type { Usage } from "../spec/events.ts";
import type { ModelApi } from "../spec/policy.ts";
import { createBoundedLines, type StreamLine } from "./bounded-lines.ts";
import { BoundedText } from "./bounded-text.ts";
import { readCounts, readUsage, type UsageReading } from "./read-usage.ts";

/** Reads the token use out of one answer of a model API while it passes by. */
export interface Meter {
  /** The answer's bytes after any content coding was undone, in any split. Never throws, never keeps more than about 1 MiB. */
  write(bytes: Uint8Array): void;
  /** What the answer stated; undefined when it stated no token use. A cut stream gives what had been stated by then. */
  end(): { readonly model: string; readonly usage: Usage } | undefined;
}

/** A meter for one answer of `api`; `contentType` tells an event stream from a JSON body. */
export function createMeter(api: ModelApi, contentType: string): Meter {
  const sum = new UsageSum();
  const reader = /^\s*text\/event-stream\b/i.test(contentType) ? readEvents(sum) : readBody(sum);
  return {
    write: reader.write,
    end() {
      reader.end();
      return sum.total(api);
    },
  };
}

class UsageSum {
  #model = "";
  #usage: Partial<Usage> = {};

  add({ model, usage }: UsageReading): void {
    // Counts of later events are totals, not differences: they replace what came before.
    if (model) this.#model = model;
    this.#usage = { ...this.#usage, ...usage };
  }

  total(api: ModelApi) {
    if (this.#usage.inputTokens === undefined && this.#usage.outputTokens === undefined) return undefined;
    const none = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
    return { model: this.#model || `${api}-unknown`, usage: { ...none, ...this.#usage } };
  }
}

function readEvents(sum: UsageSum) {
  const lines = createBoundedLines();
  const readLine = (line: StreamLine) => {
    const text = "whole" in line ? line.whole : line.head;
    if (!text.startsWith("data:")) return;
    sum.add(readText("whole" in line ? { whole: line.whole.slice("data:".length) } : line));
  };
  return {
    write: (bytes: Uint8Array) => lines.write(bytes).forEach(readLine),
    end: () => lines.end().forEach(readLine),
  };
}

function readBody(sum: UsageSum) {
  const decoder = new TextDecoder();
  const text = new BoundedText();
  return {
    write: (bytes: Uint8Array) => text.add(decoder.decode(bytes, { stream: true })),
    end: () => sum.add(readText(text.take())),
  };
}

function readText(text: StreamLine): UsageReading {
  if (!("whole" in text)) return readCutText(text);
  try {
    return readUsage(JSON.parse(text.whole));
  } catch {
    return {}; // `[DONE]`, a cut body, an error page: it states nothing
  }
}

/** All three APIs state the model near the beginning of a long answer and the counts near its end. */
function readCutText({ head, tail }: { readonly head: string; readonly tail: string }): UsageReading {
  const model = /"model"\s*:\s*"([^"\\]+)"/.exec(head)?.[1];
  const start = tail.lastIndexOf('"usage"');
  const counts =
    start < 0
      ? {}
      : Object.fromEntries(
          [...tail.slice(start).matchAll(/"([a-z_]+_tokens)"\s*:\s*(\d+)/g)].map(([, name, count]) => [
            name,
            Number(count),
          ]),
        );
  const cached = counts.cached_tokens;
  const usage = readCounts(
    cached === undefined ? counts : { ...counts, input_tokens_details: { cached_tokens: cached } },
  );
  return { ...(model === undefined ? {} : { model }), usage };
}
