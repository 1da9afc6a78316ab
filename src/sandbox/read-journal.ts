import { readFileSync } from "node:fs";
import { readJournalLine } from "../spec/read-message.ts";
import type { JournalLine } from "../spec/state-files.ts";

/** The journal's lines. A last line that a crash cut in two is left out: its write had not returned. */
export function readJournal(path: string): readonly JournalLine[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const lines: JournalLine[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      const read = readJournalLine(JSON.parse(line));
      if ("problem" in read) break;
      lines.push(read.value);
    } catch {
      break;
    }
  }
  return lines;
}
