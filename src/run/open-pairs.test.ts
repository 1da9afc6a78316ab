import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEventDraft } from "../spec/events.ts";
import { openEventLog } from "./event-log.ts";
import { createOpenPairs } from "./open-pairs.ts";
import { readEvents } from "./read-events.ts";

const over: RunEventDraft = { event: "run_completed", slug: "s", end: "killed", exitCode: null, durationMs: 1 };
const tool = (id: string): RunEventDraft => ({ event: "tool_started", id, tool: "bash", input: {} });
const toolEnd = (id: string): RunEventDraft => ({ event: "tool_completed", id, ok: true, output: "" });
const question: RunEventDraft = { event: "question_asked", question: "q", kind: "text", title: "?", options: [] };
const some: readonly RunEventDraft[] = [
  ...[tool("a"), tool("b"), toolEnd("a"), toolEnd("b"), question],
  { event: "question_answered", question: "q", answer: { text: "x" } },
  { event: "turn_started", prompt: 7 },
  { event: "turn_completed", prompt: 7, outcome: "completed", text: "" },
  { event: "turn_completed", outcome: "aborted", text: "" },
  { event: "compaction_started" },
  { event: "compaction_completed", ok: true },
  { event: "text_produced", text: "x" },
];
const tell = (drafts: readonly RunEventDraft[]) => {
  const pairs = createOpenPairs();
  return drafts.flatMap((draft) => [...pairs.before(draft), draft]);
};

describe("createOpenPairs()", () => {
  it("closes what is open when a run is over", () => {
    const begun: RunEventDraft[] = [{ event: "turn_started", prompt: 7 }, tool("a"), question];
    expect(tell([...begun, { event: "compaction_started" }, over]).slice(4, -1)).toEqual([
      { event: "tool_completed", id: "a", ok: false, output: "" },
      { event: "question_answered", question: "q", answer: { cancelled: true } },
      { event: "compaction_completed", ok: false },
      { event: "turn_completed", prompt: 7, outcome: "interrupted", text: "" },
    ]);
  });

  it("begins what the CLI told the end of alone, and leaves what goes on after a turn that ended well", () => {
    expect(tell([toolEnd("a")])[0]).toEqual({ event: "tool_started", id: "a", tool: "unknown", input: null });
    const turn: RunEventDraft = { event: "turn_completed", outcome: "completed", text: "" };
    expect(tell([{ event: "turn_started" }, tool("a"), turn, toolEnd("a")])).toHaveLength(4);
  });

  it("makes pairs of tool uses and turns, whatever is told in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...some), { maxLength: 40 }), (drafts) => {
        const open = new Set<string>();
        for (const told of tell([...drafts, over])) {
          if (told.event === "tool_started") {
            expect(open.has(told.id)).toBe(false);
            open.add(told.id);
          }
          if (told.event === "tool_completed") expect(open.delete(told.id)).toBe(true);
          if (told.event === "turn_started") {
            expect(open.has("turn")).toBe(false);
            open.add("turn");
          }
          if (told.event === "turn_completed") open.delete("turn");
        }
        expect([...open]).toEqual([]);
      }),
    );
  });

  it("is bounded", () => {
    const told = tell(Array.from({ length: 10_001 }, (_, n) => tool(`${n}`)));
    expect(told.at(-2)).toEqual({ event: "tool_completed", id: "0", ok: false, output: "" });
  });
});

describe("openEventLog()", () => {
  it("goes on after a death at any byte: whole lines, numbered on, what was open closed at the end", () => {
    const dir = mkdtempSync(join(tmpdir(), "events-"));
    const path = join(dir, "events.jsonl");
    const open = () => openEventLog(path, "agent", () => new Date(0));
    const first = open();
    first.append(tool("a"));
    first.close();
    appendFileSync(path, '{"ts":"1970-01-01T00:00:00.000Z","seq":2,"agent":"agent","event":"text_prod');
    const second = open();
    second.append(over);
    second.close();
    expect(readEvents(path).map(({ seq, event }) => [seq, event])).toEqual([
      [1, "tool_started"],
      [2, "tool_completed"],
      [3, "run_completed"],
    ]);
    expect(readFileSync(path, "utf8").endsWith("\n")).toBe(true);
    rmSync(dir, { recursive: true });
  });
});
