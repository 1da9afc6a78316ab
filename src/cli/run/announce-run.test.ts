import { expect, it } from "vitest";
import type { Output } from "../output/output.ts";
import { plainStyle } from "../output/style.ts";
import { announceRun } from "./announce-run.ts";
import type { RunPlan } from "./plan-run.ts";

function told(parts: { readonly masked?: readonly string[]; readonly notes?: readonly string[] }): readonly string[] {
  const lines: string[] = [];
  const plan = {
    request: {
      metadata: {
        slug: "s",
        agent: "a",
        engine: "local",
        modelSource: "live",
        workspace: { mode: "none" },
        masked: (parts.masked ?? []).map((path) => ({ path, why: "environment" })),
      },
      policy: { limits: { cpus: 1, memoryBytes: 1 }, routes: [] },
    },
    shown: [],
    notes: (parts.notes ?? []).map((text) => ({ level: "warning", code: "x", text })),
  };
  const output = { style: plainStyle, note: (text: string) => void lines.push(...text.split("\n")) };
  announceRun(output as unknown as Output, plan as unknown as RunPlan);
  return lines.slice(3);
}

it("writes no word of a repository's into an option to type that a shell would obey", () => {
  expect(told({ masked: [".env"] })[0]).toMatch(/--show \.env\)$/);
  expect(told({ masked: ["it's $(id).env"] })[0]).toMatch(/--show 'it'\\''s \$\(id\)\.env'\)$/);
});

it("tells each thing in one line, whatever the repository calls it", () => {
  expect(told({ masked: ["a\n  ✓ done.env"] })).toHaveLength(1);
  expect(told({ notes: ["ignored: services x\n  masked     nothing"] })).toHaveLength(1);
});
