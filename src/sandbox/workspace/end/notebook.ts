import { isAbsolute, join, relative } from "node:path";
import { boundNotes } from "../bound-notes.ts";
import { isWithin } from "../facts/path-within.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardNote, GuardPlan } from "../guard-plan.ts";

/** Collects what the person should know. On disk at once, so that settling that was cut short tells all in the end. */
export interface Notebook {
  readonly notes: readonly GuardNote[];
  add(note: GuardNote): void;
}

/** Opens the notes of a guard, with those of an earlier try. The same note is kept once, and no more than a bound. */
export function openNotebook(host: GuardHost, plan: GuardPlan): Notebook {
  const path = join(plan.guardDir, "notes.jsonl");
  const lines = (host.readOwn(path)?.toString() ?? "").split("\n").filter((line) => line.endsWith("}"));
  const notes = lines.map((line) => JSON.parse(line) as GuardNote);
  const keep = boundNotes((note) => {
    notes.push(note);
    host.appendLine(path, JSON.stringify(note));
  }, notes);
  return {
    notes,
    add: ({ path: about, action, detail }) => {
      const short =
        isAbsolute(about) && isWithin(about, plan.workspace) ? relative(plan.workspace, about) || "." : about;
      keep({ path: short, action, detail });
    },
  };
}
