import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEventLog } from "./event-log.ts";
import { eachEvent, readEvents } from "./read-events.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "caisson-events-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const line = (seq: number, event: object) => `${JSON.stringify({ ts: "", seq, agent: "a", ...event })}\n`;
const text = (seq: number, words: string) => line(seq, { event: "text_produced", text: words });

describe("readEvents()", () => {
  it("gives what is there after a number, in order, and none of a line that was cut", () => {
    const file = join(folder, "cut.jsonl");
    writeFileSync(file, `${text(1, "äöü\u2028")}${line(2, { event: "unknown_thing" })}${text(3, "c")}{"seq":4,"ev`);
    expect(readEvents(file, 1).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(readEvents(file)[0]).toMatchObject({ text: "äöü\u2028" });
    expect(readEvents(join(folder, "none"))).toEqual([]);
  });

  it("holds the newest of what an agent blew up, and the whole conversation", () => {
    const file = join(folder, "large.jsonl");
    const words = "x".repeat(1024 ** 2);
    writeFileSync(file, line(1, { event: "prompt_received", kind: "prompt", text: "first" }));
    for (let seq = 2; seq <= 41; seq++) appendFileSync(file, text(seq, words));
    appendFileSync(file, line(42, { event: "turn_completed", outcome: "completed", text: "" }));
    const told = readEvents(file).map(({ seq }) => seq);
    expect([told[0], told.at(-1)]).toEqual([1, 42]);
    expect(told.slice(1, -1)).toEqual(Array.from({ length: 31 }, (_, n) => n + 11));
    expect([...eachEvent(file)]).toHaveLength(42);
  });

  it("numbers on after the last one, however much there is", () => {
    const file = join(folder, "numbers.jsonl");
    for (let seq = 1; seq <= 3; seq++) appendFileSync(file, text(seq, "x".repeat(3 * 1024 ** 2)));
    const log = openEventLog(file, "a", () => new Date(0));
    expect(log.append({ event: "text_produced", text: "next" }).seq).toBe(4);
    log.close();
  });
});
