import { afterAll, describe, expect, it } from "vitest";
import { stepNames } from "../../src/run/launch-steps.ts";
import type { KillPoint } from "../fixtures/faults/kill-point.ts";
import { buildFaultyCaisson } from "../kit/fault-case.ts";

// `kill -9` of each process at each line of the journal, in a process namespace where nothing that is left can hide. The
// lines are those of a run that nobody disturbs: a new step is killed at as soon as it is in the table.
const caisson = await buildFaultyCaisson();
const undisturbed = await caisson.run({ victim: "nobody", line: "", when: "after" });
afterAll(() => caisson[Symbol.dispose]());

const copying = await caisson.run({ victim: "nobody", line: "", when: "after", workspace: "copy" });
const lines = ["journal opened", ...undisturbed.lines];
const mountSteps = stepNames.filter((step) => lines.includes(`${step} result 1`));
const launching = lines.filter((line) => !line.includes(" undone "));
const afterLine = (line: string) => launching.slice(launching.indexOf(line));
// Between the lines, too: programs that have just been started have moments of their own.
const moments = Array.from({ length: 24 }, (_, i) => `${i * 6} ms`);
const points: readonly KillPoint[] = [
  ...moments.map((line): KillPoint => ({ victim: "keeper", line, when: "after" })),
  ...lines.flatMap((line) => both("keeper", line)),
  ...launching.map((line): KillPoint => ({ victim: "cli", line, when: "after" })),
  ...afterLine("gate_started result 1").flatMap((line): readonly KillPoint[] => [
    { victim: "gate", line, when: "after" },
    { victim: "gate inside", line, when: "after" },
  ]),
  { victim: "agent", line: "agent_started result 1", when: "after" },
  // With a copy of the workspace: at its own lines, and in the middle of copying.
  ...copying.lines
    .filter((line) => line.startsWith("workspace_copied "))
    .flatMap((line) => both("keeper", line))
    .map((point): KillPoint => ({ ...point, workspace: "copy" })),
  ...moments
    .filter((_, i) => i % 3 === 0)
    .map((line): KillPoint => ({ victim: "keeper", line, when: "after", workspace: "copy" })),
];

function both(victim: KillPoint["victim"], line: string): readonly KillPoint[] {
  const after: KillPoint = { victim, line, when: "after" };
  return line === "journal opened" ? [after] : [{ victim, line, when: "before" }, after];
}

describe("a launch", () => {
  it("leaves nothing when nobody disturbs it", () => {
    for (const run of [undisturbed, copying])
      expect(run).toMatchObject({ end: "completed", leftovers: [], cleanupExit: 0 });
  });

  it.each(stepNames)("journals %s before and after, and undoes it, so that each has its kill points", (step) => {
    const all = [...lines, ...copying.lines];
    expect(all).toEqual(expect.arrayContaining([`${step} intent 1`, `${step} result 1`, `${step} undone 1`]));
  });

  it("journals no step that the table does not have", () => {
    const steps = new Set([...undisturbed.lines, ...copying.lines].map((line) => line.split(" ")[0]));
    expect([...steps].sort()).toEqual([...stepNames].sort());
  });
});

describe.concurrent("kill -9", () => {
  it.each(points)("of the $victim $when $line $workspace leaves nothing after a cleanup", async (point) => {
    const report = await caisson.run(point);
    expect({ ...report, lines: [], output: "" }).toMatchObject({ isHit: true, leftovers: [], cleanupExit: 0 });
    // Whatever happened, `ls` has the truth: it is over.
    if (!/^journal opened$| ms$/.test(point.line)) expect(report.end, report.output).toBeDefined();
  });

  // Without cgroups of their own, an ordinary user's sandboxes are found and ended in another way.
  it.each(mountSteps)("of an ordinary user's keeper after %s leaves nothing after a cleanup", async (step) => {
    const report = await caisson.run({ victim: "keeper", line: `${step} result 1`, when: "after" }, "ordinary");
    expect({ ...report, lines: [], output: "" }).toMatchObject({ isHit: true, leftovers: [], cleanupExit: 0 });
  });
});
