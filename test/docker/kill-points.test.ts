import { afterAll, describe, expect, inject, it } from "vitest";
import { stepNames } from "../../src/run/launch-steps.ts";
import type { KillPoint } from "../fixtures/faults/kill-point.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { type DockerFaultReport, openDockerFaults } from "../kit/docker-fault-case.ts";
import { heldByEngine, inEngine } from "../kit/docker-leftovers.ts";

// `kill -9` of each process, and of the engine, at each line of the journal of a run on docker. The lines are those of a
// run that nobody disturbs: a new step is killed at as soon as it is in the table.
const name = inject("dockerEngine");
const engine = dockerEngineAt(name);
const faults = await openDockerFaults(name);
afterAll(() => faults[Symbol.dispose]());

const nobody: KillPoint = { victim: "nobody", line: "", when: "after" };
const [undisturbed, copying] = await Promise.all([faults.run(nobody), faults.run({ ...nobody, workspace: "copy" })]);
const lines = ["journal opened", ...undisturbed.lines];
const launching = lines.filter((line) => !line.includes(" undone "));
const afterLine = (line: string) => launching.slice(launching.indexOf(line));
const after = (victim: KillPoint["victim"], line: string): KillPoint => ({ victim, line, when: "after" });
const both = (victim: KillPoint["victim"], line: string): readonly KillPoint[] =>
  line === "journal opened" ? [after(victim, line)] : [{ victim, line, when: "before" }, after(victim, line)];
// Between the lines, too: a call of the engine that is under way goes on without us.
const moments = Array.from({ length: 16 }, (_, i) => `${i * 60} ms`);

const points: readonly KillPoint[] = [
  ...moments.map((line) => after("keeper", line)),
  ...lines.flatMap((line) => both("keeper", line)),
  ...launching.map((line) => after("cli", line)),
  ...afterLine("gate_started result 1").map((line) => after("gate", line)),
  ...afterLine("sandbox_started result 1").map((line) => after("agent container", line)),
  ...copying.lines
    .filter((line) => line.startsWith("workspace_copied "))
    .flatMap((line) => both("keeper", line))
    .map((point): KillPoint => ({ ...point, workspace: "copy" })),
];

function expectNothingLeft(report: DockerFaultReport, { line }: KillPoint): void {
  const { isHit, leftovers, cleanupExit, listed, end, output } = report;
  expect({ isHit, leftovers, cleanupExit }, output).toEqual({ isHit: true, leftovers: [], cleanupExit: 0 });
  if (/^journal opened$| ms$/.test(line)) return;
  expect(end, output).toBeDefined();
  expect(listed, output).toMatch(/^(ended|interrupted)$/);
}

describe("a launch on docker", () => {
  it("leaves nothing when nobody disturbs it", () => {
    for (const run of [undisturbed, copying])
      expect(run, run.output).toMatchObject({ end: "completed", leftovers: [], cleanupExit: 0, listed: "ended" });
  });

  it.each(stepNames)("journals %s before and after, and undoes it, so that each has its kill points", (step) => {
    const all = [...lines, ...copying.lines];
    expect(all).toEqual(expect.arrayContaining([`${step} intent 1`, `${step} result 1`, `${step} undone 1`]));
  });
});

describe.concurrent("kill -9, on docker,", () => {
  it.each(points)("of the $victim $when $line $workspace leaves nothing after a cleanup", async (point) => {
    expectNothingLeft(await faults.run(point), point);
  });
});

/** So many runs wait at once: each is a keeper and two containers. */
const waveSize = 8;
const waveMilliseconds = 300_000;
const waves = (all: readonly KillPoint[]) =>
  Array.from({ length: Math.ceil(all.length / waveSize) }, (_, i) => ({
    from: all[i * waveSize]?.line,
    wave: all.slice(i * waveSize, (i + 1) * waveSize),
  }));

describe("the engine itself", () => {
  it.each(waves(lines.flatMap((line) => both("engine", line))))(
    "is killed at a line (from $from): when it is back, a cleanup leaves nothing",
    async ({ wave }) => {
      const reports = await faults.wave(wave, { strike: engine.kill9, mend: engine.restart });
      wave.forEach((point, i) => void expectNothingLeft(reports[i] as DockerFaultReport, point));
    },
    waveMilliseconds,
  );

  it.each(waves(lines.map((line) => after("engine", line))))(
    "is started anew at a line (from $from): the run goes on or ends, and leaves nothing",
    async ({ wave }) => {
      const reports = await faults.wave(wave, { strike: engine.restart, mend: async () => {} });
      wave.forEach((point, i) => void expectNothingLeft(reports[i] as DockerFaultReport, point));
    },
    waveMilliseconds,
  );

  it("has nothing of all that any more, and runs go on working", async () => {
    expect(await inEngine(name, () => true)).toEqual([]);
    // A container's last process ends some time after the container has been taken away.
    await expect.poll(() => heldByEngine(name), { timeout: 30_000 }).toEqual([]);
    expect(await faults.run(nobody)).toMatchObject({ end: "completed", leftovers: [], cleanupExit: 0 });
  });
});
