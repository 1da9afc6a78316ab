import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "vitest";

const schema = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../schema/events.json"), "utf8")) as object;
// The schema itself holds a pattern beside each format.
const validate = new Ajv2020({ formats: { "date-time": true } }).compile(schema);

type Told = Readonly<Record<string, unknown>> & { readonly event: string; readonly seq: number };

const byItself = () => "";
const byField = (field: string) => (event: Told) => String(event[field]);
const pairs = [
  ["run_started", "run_completed", byItself],
  ["turn_started", "turn_completed", byItself],
  ["compaction_started", "compaction_completed", byItself],
  ["tool_started", "tool_completed", byField("id")],
  ["question_asked", "question_answered", byField("question")],
  ["sandbox_launching", "sandbox_stopped", byItself],
] as const;

/** Holds a whole stream of a run's events against the published schema, and what docs/events.md promises of it. */
export function checkEvents(events: readonly unknown[]): void {
  for (const event of events) {
    if (!validate(event)) throw new Error(`${JSON.stringify(event)}\n${JSON.stringify(validate.errors, null, 2)}`);
  }
  const told = events as readonly Told[];
  expect(told[0]).toMatchObject({ event: "sandbox_launching", version: 1 });
  expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
  for (const [begin, end, key] of pairs) {
    const open = new Set<string>();
    for (const event of told) {
      const name = `${begin} ${key(event)}`;
      if (event.event === begin) {
        expect(open, `${name} begins once`).not.toContain(name);
        open.add(name);
      }
      if (event.event === end) expect(open.delete(name), `${end} ${key(event)} has a beginning`).toBe(true);
    }
    expect([...open], "what began has ended").toEqual([]);
  }
}
