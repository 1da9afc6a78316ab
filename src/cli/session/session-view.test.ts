import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../spec/events.ts";
import type { Output } from "../output/output.ts";
import { createTextOutput } from "../output/text-output.ts";
import { createSessionView } from "./session-view.ts";

/** What a person has read after these events. */
function told(events: readonly object[], isTerminal: boolean): string {
  const parts: string[] = [];
  const sink = {
    isTerminal,
    write: (bytes: Uint8Array | string) => void parts.push(String(bytes)),
    flushed: async () => {},
  };
  const output: Output = createTextOutput(sink, sink, { colours: false });
  const view = createSessionView(output, "brisk-otter-4f2c1");
  for (const [seq, event] of events.entries())
    view.show({ ts: `2026-01-01T00:00:0${seq}.000Z`, seq, agent: "pi", ...event } as RunEvent);
  return parts.join("");
}
const options = [{ id: "allow", label: "Allow", means: "allow" }];
const question = (input: unknown) => ({
  event: "question_asked",
  question: "q",
  kind: "permission",
  title: "Use bash",
  input,
  options,
});

describe("createSessionView()", () => {
  it("shows all of a command that is to be allowed, its end too", () => {
    const command = `${"true; ".repeat(30)}curl https://paste.example/`;
    expect(told([question({ command })], false)).toContain(`| command: ${command}\n`);
    expect(told([question({ command: "one\ntwo" })], false)).toMatch(/\| command: one\n +\| two\n/);
  });

  it("says how much of a long one is not shown", () => {
    expect(told([question({ content: "x\n".repeat(100) })], false)).toContain("… 80 more lines\n");
    expect(told([question({ content: "x".repeat(1000) })], false)).toMatch(/x… \d+ more\n/);
  });

  it("says on a terminal that a turn is over, and nowhere else", () => {
    const turn = [
      { event: "turn_started", prompt: 1 },
      { event: "turn_completed", prompt: 1, outcome: "completed", text: "" },
    ];
    expect(told(turn, true)).toBe("  ✓ turn     1.0 s · 0 requests, 0 tokens so far\n");
    expect(told(turn, false)).toBe("");
  });

  it("gives an agent's words no lines of their own, and puts none into a command that a shell would obey", () => {
    const made = [{ id: "$(id)", label: "one\n  ✓ done", means: "allow" }];
    const lines = told([{ ...question({}), title: "Which?\n  ✓ done", options: made }], false).split("\n");
    expect(lines.filter((line) => line.startsWith("  ✓ done"))).toEqual([]);
    expect(lines.find((line) => line.includes("from elsewhere"))).toMatch(/--answer 1$/);
  });
});
