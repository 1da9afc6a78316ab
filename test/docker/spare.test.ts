import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { aheadIn, aheads, markers, threeOf, waitingAhead } from "../kit/ahead-in.ts";
import { makeBundledCopy } from "../kit/bundled-copy.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { keeperOf, ownProcesses, slugOf, spareCalls, until, waitingSpare } from "../kit/spare-calls.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { visitRun } from "../kit/visit-run.ts";

const name = inject("dockerEngine");
const engine = dockerTestEngine(name);
const dockerd = dockerEngineAt(name);
const { held, expectNothingLeft, removeAll } = aheadIn(name);
let copy: Awaited<ReturnType<typeof makeBundledCopy>>;
beforeAll(async () => {
  copy = await makeBundledCopy();
});
afterAll(() => copy[Symbol.dispose]());
afterEach(removeAll);
const { keepSpare, startSpare, waitingKeeper, piped, pipedLater } = spareCalls(() => copy.launcher);
const forDocker = ["--engine", "docker"];
const run = `"$0" run "$@" 2>&1`;

describe("a run on docker that a spare for docker serves", () => {
  it("has the networks and gate that were there, and is in all else as one that made its own", async () => {
    await using cli = engine.createCli();
    const cold = await visitRun(cli, name, () => copy.launcher);
    const { said } = await keepSpare(cli, ...forDocker, "--json");
    const { ahead } = JSON.parse(said) as { ahead: string };
    expect(said).toContain('"engine":"docker"');
    expect(await held(ahead)).toEqual(threeOf(ahead));
    const docker = await dockerd.connect();
    const gate = (await docker.getContainer(`caisson-${ahead}-gate-1`).inspect()).Id;
    const served = await visitRun(cli, name, () => copy.launcher);
    expect(served.slug).toBe(ahead);
    expect(served.gate).toBe(gate);
    expect(served.seen).toEqual(cold.seen);
    expect(served.seen.gateSaid[0]).toBe("ready");
    expect(served.seen.audit).toContain('"host":"refused.example"');
    await cli.run(["kill"]);
    await expectNothingLeft(cli);
  });

  it("is one of two that come at once; the next spare has others", async () => {
    await using cli = engine.createCli();
    const { keeper } = await keepSpare(cli, ...forDocker);
    const first = await waitingAhead(cli);
    const both = await Promise.all(
      ["one", "two"].map((word) => pipedLater(cli, run, [...forDocker, "--", "echo", word])),
    );
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(slugOf)).toContain(first);
    expect(both.filter((one) => keeperOf(cli, slugOf(one)) === keeper).map(slugOf)).toEqual([first]);
    await until(async () => (await waitingKeeper(cli)) !== keeper);
    const next = await waitingAhead(cli);
    expect(next).not.toBe(first);
    await expect.poll(() => held()).toEqual(threeOf(next));
    expect(slugOf(piped(cli, run, [...forDocker, "--", "true"]))).toBe(next);
    await cli.run(["spare", "--stop"]);
    await expectNothingLeft(cli);
  });

  it("has its answers to wrong words, and what was made for it is taken away", async () => {
    await using cli = engine.createCli();
    await keepSpare(cli, ...forDocker);
    const ahead = await waitingAhead(cli);
    expect(piped(cli, run, ["--no-such-option", "x"]).code).toBe(2);
    await until(async () => (await held(ahead)).length === 0);
    await cli.run(["spare", "--stop"]);
    await expectNothingLeft(cli);
  });
});

describe("a run that would have made another gate makes its own, and what waited is taken away", () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    "it publishes a port": [...forDocker, "--publish", "127.0.0.1:0:3000", "--", "echo", "hello"],
    "it is recorded": [...forDocker, "--record", "rec.json", "--", "echo", "hello"],
    "it is on the local engine": ["--engine", "local", "--workspace", "none", "--", "echo", "hello"],
  };
  for (const [why, words] of Object.entries(cases)) {
    it(why, async () => {
      await using cli = engine.createCli();
      const { keeper } = await keepSpare(cli, ...forDocker);
      const ahead = await waitingAhead(cli);
      const one = piped(cli, run, words);
      expect(one).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
      expect(keeperOf(cli, slugOf(one))).toBe(keeper);
      expect(slugOf(one)).not.toBe(ahead);
      await until(async () => (await held(ahead)).length === 0 && !markers(cli).includes(ahead));
      await cli.run(["kill"]);
      await expectNothingLeft(cli);
    });
  }

  it("the gate's image is another one by now", async () => {
    await using cli = engine.createCli();
    await keepSpare(cli, ...forDocker);
    const ahead = await waitingAhead(cli);
    const docker = await dockerd.connect();
    const gateImage = docker.getImage("caisson-gate:latest");
    const { Id } = await gateImage.inspect();
    const made = await docker.createContainer({ Image: Id });
    await made.commit({ repo: "caisson-gate", tag: "latest" });
    try {
      const one = piped(cli, run, [...forDocker, "--", "echo", "hello"]);
      expect(one).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
      expect(slugOf(one)).not.toBe(ahead);
    } finally {
      await made.remove();
      await docker.getImage(Id).tag({ repo: "caisson-gate", tag: "latest" });
    }
    await cli.run(["kill"]);
    await expectNothingLeft(cli);
  });
});

describe("what a spare has in the engine", () => {
  it("is no sandbox, and no stray: ls does not show it, cleanup leaves it alone", async () => {
    await using cli = engine.createCli();
    await keepSpare(cli, ...forDocker);
    const ahead = await waitingAhead(cli);
    expect((await cli.run(["ls", "--all", "--json"])).stdout).toBe("");
    expect((await cli.run(["cleanup"])).exitCode).toBe(0);
    expect(await held(ahead)).toEqual(threeOf(ahead));
    expect(slugOf(piped(cli, run, [...forDocker, "--", "true"]))).toBe(ahead);
    await cli.run(["kill"]);
  });

  it("ends with it: by itself, by --stop, by kill", async () => {
    await using cli = engine.createCli();
    const ends: Readonly<Record<string, () => Promise<unknown>>> = {
      "by itself": () => until(() => ownProcesses(cli).length === 0),
      "by --stop": () => cli.run(["spare", "--stop"]),
      "by kill": () => cli.run(["kill"]),
    };
    for (const [how, end] of Object.entries(ends)) {
      // On a slow machine two seconds are over before anybody has looked.
      if (how === "by itself") {
        expect(startSpare(cli, ...forDocker, "--for", "2s", "--json")).toMatch(/"ahead":"\w/);
      } else {
        await keepSpare(cli, ...forDocker, "--for", "10m");
        expect(aheads(cli)).toHaveLength(1);
      }
      await end();
      await expectNothingLeft(cli);
    }
  });

  it("goes with a killed command line, and with a keeper that is told to go", async () => {
    await using cli = engine.createCli();
    await keepSpare(cli, ...forDocker);
    process.kill(waitingSpare(cli), "SIGKILL");
    await until(() => ownProcesses(cli).length === 0);
    await cli.run(["cleanup"]);
    expect({ held: await held(), markers: markers(cli) }).toEqual({ held: [], markers: [] });
    const { keeper } = await keepSpare(cli, ...forDocker);
    process.kill(keeper, "SIGTERM");
    await until(() => ownProcesses(cli).length === 0);
    await expectNothingLeft(cli);
  });

  // Wherever DOCKER_HOST leads by then: it is undone where it was made.
  const elsewhere = { env: { DOCKER_HOST: "unix:///nowhere.sock" } };
  const next: Readonly<Record<string, readonly string[]>> = {
    cleanup: ["cleanup"],
    kill: ["kill"],
    "spare --stop": ["spare", "--stop"],
    run: ["run", "--engine", "docker", "--", "true"],
  };
  for (const [command, words] of Object.entries(next)) {
    it(`is taken away by the next ${command} when its keeper was killed`, async () => {
      await using cli = engine.createCli();
      const { keeper } = await keepSpare(cli, ...forDocker);
      const ahead = await waitingAhead(cli);
      process.kill(keeper, "SIGKILL");
      await until(() => ownProcesses(cli).length === 0);
      expect(await held(ahead)).not.toEqual([]);
      expect(await cli.run(words, command === "run" ? {} : elsewhere)).toMatchObject({ exitCode: 0 });
      // The keeper of a run goes on after it.
      await until(() => ownProcesses(cli).length === 0);
      await expectNothingLeft(cli);
    });
  }

  it("is given up when its gate dies; the spare serves on, and the run makes its own", async () => {
    await using cli = engine.createCli();
    const { keeper } = await keepSpare(cli, ...forDocker);
    const ahead = await waitingAhead(cli);
    const docker = await dockerd.connect();
    await docker.getContainer(`caisson-${ahead}-gate-1`).kill();
    await until(async () => (await held()).length === 0 && markers(cli).length === 0);
    const one = piped(cli, run, [...forDocker, "--", "echo", "hello"]);
    expect(one).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
    expect(keeperOf(cli, slugOf(one))).toBe(keeper);
    expect(slugOf(one)).not.toBe(ahead);
    await cli.run(["kill"]);
    await expectNothingLeft(cli);
  });

  it("is given up at once by a run that comes while it dies", async () => {
    await using cli = engine.createCli();
    const { keeper } = await keepSpare(cli, ...forDocker);
    const ahead = await waitingAhead(cli);
    // The keeper cannot tell anybody yet.
    process.kill(keeper, "SIGSTOP");
    const docker = await dockerd.connect();
    await docker.getContainer(`caisson-${ahead}-gate-1`).kill();
    const call = pipedLater(cli, run, [...forDocker, "--", "echo", "hello"]);
    // The run has come, and the engine has told of the gate's end.
    await sleep(1500);
    await until(async () => (await docker.listContainers()).length === 0);
    process.kill(keeper, "SIGCONT");
    expect(await call).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
    await cli.run(["kill"]);
    await expectNothingLeft(cli);
  });

  it("survives no restart of the engine, nor its death: the run makes its own, and nothing is left", async () => {
    await using cli = engine.createCli();
    for (const strike of [dockerd.restart, dockerd.kill9]) {
      const { keeper } = await keepSpare(cli, ...forDocker);
      const ahead = await waitingAhead(cli);
      await strike.call(dockerd);
      await dockerd.restart();
      const one = piped(cli, run, [...forDocker, "--", "echo", "hello"]);
      expect(one).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
      expect(keeperOf(cli, slugOf(one))).toBe(keeper);
      await cli.run(["kill"]);
      await sleep(2500); // A marker that was let go of is nobody's by then.
      expect((await cli.run(["cleanup"])).exitCode).toBe(0);
      expect(await held(ahead)).toEqual([]);
      await expectNothingLeft(cli);
    }
  });

  it("is refused by name where docker is not, with what to do", async () => {
    await using cli = engine.createCli();
    const nowhere = { ...cli, environment: { ...cli.environment, ...elsewhere.env } };
    await expect(keepSpare(nowhere, ...forDocker)).rejects.toThrow(
      /ended with 4: [\s\S]*hint: sudo systemctl start docker/,
    );
    await expectNothingLeft(cli);
  });
});
