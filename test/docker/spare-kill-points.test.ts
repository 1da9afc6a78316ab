import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { aheadIn, hasRun, markers, sandboxes, waitingAhead } from "../kit/ahead-in.ts";
import { makeBundledCopy } from "../kit/bundled-copy.ts";
import type { TestCli } from "../kit/cli.ts";
import { ownProcesses, spareCalls, until, waitingSpare } from "../kit/spare-calls.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const name = inject("dockerEngine");
const engine = dockerTestEngine(name);
const { held, removeAll } = aheadIn(name);
let faulty: Awaited<ReturnType<typeof makeBundledCopy>>;
beforeAll(async () => {
  faulty = await makeBundledCopy("test/fixtures/faults/killing-keeper.ts");
});
afterAll(() => faulty[Symbol.dispose]());
afterEach(removeAll);
const { keepSpare, piped, startSpare } = spareCalls(() => faulty.launcher);
const forDocker = ["--engine", "docker"];

describe("a spare's keeper is killed at each line of its journal, and the next cleanup leaves nothing", () => {
  const whileItBoots = [
    "journal opened after",
    "gate_started intent 1 after",
    "gate_started intent 2 after",
    "gate_started intent 3 after",
    "gate_started result 1 before",
    "gate_started result 1 after",
  ];
  const whenItEnds = ["gate_started undone 1 before", "gate_started undone 1 after"];
  const whenItServes = [
    "gate_started intent 4 before",
    "gate_started intent 4 after",
    "gate_started result 2 after",
    "gate_configured result 1 after",
    "sandbox_started result 1 before",
    "agent_started result 1 after",
  ];
  const killing = (cli: TestCli, point: string): TestCli => {
    const [, line, when] = /^(.*) (before|after)$/.exec(point) ?? [];
    const variables = {
      FAULT_POINT: JSON.stringify({ victim: "keeper", line, when }),
      FAULT_HIT: join(cli.home, "hit"),
    };
    return { ...cli, environment: { ...cli.environment, ...variables } };
  };
  const over = async (cli: TestCli) => {
    await until(() => existsSync(join(cli.home, "hit")));
    await until(() => ownProcesses(cli).length === 0);
    expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0 });
    expect({ held: await held(), markers: markers(cli) }).toEqual({ held: [], markers: [] });
    expect(sandboxes(cli).filter((slug) => !hasRun(cli, slug))).toEqual([]);
  };

  it.each(whileItBoots)("while it boots: %s", async (point) => {
    await using cli = engine.createCli();
    // It may be said to wait, and be gone before anybody looks.
    try {
      startSpare(killing(cli, point), ...forDocker);
    } catch {
      // It had no keeper any more.
    }
    await over(cli);
  });

  it.each(whenItEnds)("when it ends: %s", async (point) => {
    await using cli = engine.createCli();
    await keepSpare(killing(cli, point), ...forDocker);
    process.kill(waitingSpare(cli), "SIGTERM");
    await over(cli);
  });

  it.each(whenItServes)("when it serves: %s", async (point) => {
    await using cli = engine.createCli();
    const caller = killing(cli, point);
    await keepSpare(caller, ...forDocker);
    const ahead = await waitingAhead(cli);
    const one = piped(caller, `"$0" run "$@" 2>&1`, [...forDocker, "--", "sh", "-c", "echo said; sleep 20"]);
    expect(one.code).not.toBe(0);
    await cli.run(["spare", "--stop"]);
    await over(cli);
    expect(hasRun(cli, ahead)).toBe(true);
  });
});
