import { cleanExceptColours } from "./clean-text.ts";

/** Cleans a stream for a terminal, in whatever pieces it comes; colours keep their effect, carriage returns before a line end go. */
export interface TerminalCleaner {
  clean(bytes: Uint8Array): string;
  /** What was held back because more could have followed. */
  end(): string;
}

// A colour's sequence is shorter than this: more held back would only delay what is no colour anyway.
const longestColour = 64;

/** A new cleaner, for one stream. */
export function createTerminalCleaner(): TerminalCleaner {
  const decoder = new TextDecoder();
  let held = "";
  const take = (text: string, isEnd: boolean) => {
    const all = held + text;
    const keep = isEnd ? 0 : heldBack(all);
    held = all.slice(all.length - keep);
    return cleanExceptColours(all.slice(0, all.length - keep).replaceAll("\r\n", "\n"));
  };
  return {
    clean: (bytes) => take(decoder.decode(bytes, { stream: true }), false),
    end: () => take(decoder.decode(), true),
  };
}

function heldBack(text: string): number {
  const open = /(?:\u001b(?:\[[0-9;:]*)?|\r)$/.exec(text);
  return open !== null && open[0].length <= longestColour ? open[0].length : 0;
}
