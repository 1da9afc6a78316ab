import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { findSpare, spareFolder } from "../../src/run/spare-place.ts";
import { readJournal } from "../../src/sandbox/read-journal.ts";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import { makeBundledCopy } from "../kit/bundled-copy.ts";
import type { TestCli } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { inEngine } from "../kit/docker-leftovers.ts";
import { keeperOf, ownProcesses, readMaybe, slugOf, spareCalls, until } from "../kit/spare-calls.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

type Copy = Awaited<ReturnType<typeof makeBundledCopy>>;

const name = inject("dockerEngine");
const engine = dockerTestEngine(name);
const dockerd = dockerEngineAt(name);
let copy: Copy;
beforeAll(async () => {
  copy = await makeBundledCopy();
});
afterAll(() => copy[Symbol.dispose]());
const { keepSpare, waitingKeeper, piped, pipedLater, start } = spareCalls(() => copy.launcher);
const forDocker = ["--engine", "docker"];
const run = `"$0" run "$@" 2>&1`;

/** All that the engine has of ours. */
const bySlug = async (slug: string) => (await inEngine(name, (thing) => thing.includes(`caisson-${slug}`))).toSorted();
const held = () => bySlug("");
const threeOf = (slug: string) => [
  `container /caisson-${slug}-gate-1`,
  `network caisson-${slug}_egress`,
  `network caisson-${slug}_internal`,
];
const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
const markers = (cli: TestCli) => list(join(cli.stateRoot, "open"));
const sandboxes = (cli: TestCli) => list(join(cli.stateRoot, "sandboxes"));
const hasRun = (cli: TestCli, slug: string) => existsSync(statePaths(cli.stateRoot, slug).metadata);
/** What waits for a run, on disk. */
const aheads = (cli: TestCli) => markers(cli).filter((slug) => !hasRun(cli, slug));

/** The slug of what the spare that waits has in the engine. */
async function waitingAhead(cli: TestCli): Promise<string> {
  const file = join(spareFolder(cli.stateRoot), "ahead");
  await until(() => readMaybe(file).includes("slug") && findSpare(spareFolder(cli.stateRoot)) !== undefined);
  return (JSON.parse(readMaybe(file)) as { slug: string }).slug;
}

/** Nothing is left anywhere of what no run took; runs leave their record alone. */
async function expectNothingLeft(cli: TestCli): Promise<void> {
  // One that boots when spares are ended finds that nobody wants it, and ends by itself.
  await until(() => ownProcesses(cli).length === 0);
  expect({
    held: await held(),
    markers: markers(cli),
    folders: sandboxes(cli).filter((slug) => !hasRun(cli, slug)),
    spares: list(cli.stateRoot).filter((entry) => entry.startsWith("spare")),
  }).toEqual({ held: [], markers: [], folders: [], spares: [] });
}

afterEach(async () => {
  // No test is to be red for what another one left.
  const docker = await dockerd.connect();
  for (const thing of await held().catch(() => [])) {
    const [kind, called = ""] = thing.split(" ");
    if (kind === "container") await docker.getContainer(called.slice(1)).remove({ force: true });
    if (kind === "network") await docker.getNetwork(called).remove();
  }
});

describe("a run on docker that a spare for docker serves", () => {
  it("has the networks and gate that were there, and is in all else as one that made its own", async () => {
    await using cli = engine.createCli();
    const cold = await visit(cli);
    const { said } = await keepSpare(cli, ...forDocker, "--json");
    const { ahead } = JSON.parse(said) as { ahead: string };
    expect(said).toContain('"engine":"docker"');
    expect(await bySlug(ahead)).toEqual(threeOf(ahead));
    const gate = await idOf(`caisson-${ahead}-gate-1`);
    const served = await visit(cli);
    expect(served.slug).toBe(ahead);
    expect(served.gate).toBe(gate);
    expect(served.seen).toEqual(cold.seen);
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
    await until(async () => (await held()).length === 3);
    expect(await held()).toEqual(threeOf(next));
    expect(slugOf(piped(cli, run, [...forDocker, "--", "true"]))).toBe(next);
    await cli.run(["spare", "--stop"]);
    await expectNothingLeft(cli);
  });

  it("has its answers to wrong words, and what was made for it is taken away", async () => {
    await using cli = engine.createCli();
    await keepSpare(cli, ...forDocker);
    const ahead = await waitingAhead(cli);
    expect(piped(cli, run, ["--no-such-option", "x"]).code).toBe(2);
    await until(async () => (await bySlug(ahead)).length === 0);
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
      await until(async () => (await bySlug(ahead)).length === 0 && !markers(cli).includes(ahead));
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
    expect(await bySlug(ahead)).toEqual(threeOf(ahead));
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
      await keepSpare(cli, ...forDocker, "--for", how === "by itself" ? "2s" : "10m");
      expect(aheads(cli)).toHaveLength(1);
      await end();
      await expectNothingLeft(cli);
    }
  });

  it("goes with a killed command line, and with a keeper that is told to go", async () => {
    await using cli = engine.createCli();
    await keepSpare(cli, ...forDocker);
    process.kill(findSpare(spareFolder(cli.stateRoot))?.pid ?? 0, "SIGKILL");
    await until(() => ownProcesses(cli).length === 0);
    await cli.run(["cleanup"]);
    expect({ held: await held(), markers: markers(cli) }).toEqual({ held: [], markers: [] });
    const { keeper } = await keepSpare(cli, ...forDocker);
    process.kill(keeper, "SIGTERM");
    await until(() => ownProcesses(cli).length === 0);
    await expectNothingLeft(cli);
  });

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
      expect(await bySlug(ahead)).not.toEqual([]);
      expect(await cli.run(words)).toMatchObject({ exitCode: 0 });
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
    await sleep(1500);
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
      expect(await bySlug(ahead)).toEqual([]);
      await expectNothingLeft(cli);
    }
  });

  it("is refused by name where docker is not, with what to do", async () => {
    await using cli = engine.createCli();
    const elsewhere = { ...cli, environment: { ...cli.environment, DOCKER_HOST: "unix:///nowhere.sock" } };
    await expect(keepSpare(elsewhere, ...forDocker)).rejects.toThrow(
      /ended with 4: [\s\S]*hint: sudo systemctl start docker/,
    );
    await expectNothingLeft(cli);
  });
});

describe("a spare's keeper is killed at each line of its journal, and the next cleanup leaves nothing", () => {
  let faulty: Copy;
  beforeAll(async () => {
    faulty = await makeBundledCopy("test/fixtures/faults/killing-keeper.ts");
  });
  afterAll(() => faulty[Symbol.dispose]());
  const calls = spareCalls(() => faulty.launcher);

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
    await calls.keepSpare(killing(cli, point), ...forDocker).catch(() => undefined);
    await over(cli);
  });

  it.each(whenItEnds)("when it ends: %s", async (point) => {
    await using cli = engine.createCli();
    await calls.keepSpare(killing(cli, point), ...forDocker);
    process.kill(findSpare(spareFolder(cli.stateRoot))?.pid ?? 0, "SIGTERM");
    await over(cli);
  });

  it.each(whenItServes)("when it serves: %s", async (point) => {
    await using cli = engine.createCli();
    const caller = killing(cli, point);
    await calls.keepSpare(caller, ...forDocker);
    const ahead = await waitingAhead(cli);
    const one = calls.piped(caller, run, [...forDocker, "--", "sh", "-c", "echo said; sleep 20"]);
    expect(one.code).not.toBe(0);
    await cli.run(["spare", "--stop"]);
    await over(cli);
    expect(hasRun(cli, ahead)).toBe(true);
  });
});

/** Everything about one run that somebody can see while it lasts and afterwards, without what differs from run to run. */
async function visit(cli: TestCli) {
  const words = [...forDocker, "--", "sh", "-c", "cat /etc/hosts; echo up; read -r _ </dev/null; sleep 3"];
  const before = new Set(sandboxes(cli));
  const waiting = aheads(cli);
  const call = start(cli, `${run} | cat`, words);
  await call.seen("up");
  const slug = [...sandboxes(cli)].find((one) => hasRun(cli, one) && (!before.has(one) || waiting.includes(one))) ?? "";
  const paths = statePaths(cli.stateRoot, slug);
  const docker = await dockerd.connect();
  const [agent, gate] = await Promise.all(
    ["agent", "gate"].map((service) => docker.getContainer(`caisson-${slug}-${service}-1`).inspect()),
  );
  const networks = await Promise.all(
    ["internal", "egress"].map((role) => docker.getNetwork(`caisson-${slug}_${role}`).inspect()),
  );
  const compose = readFileSync(join(paths.dir, "docker-compose.yml"), "utf8");
  const text = await call.ended;
  await until(() => !markers(cli).includes(slug));
  const said = stripVTControlCharacters(text);
  const plain = (value: unknown): unknown => {
    const text = JSON.stringify(value)
      .replaceAll(slug, "SLUG")
      .replaceAll(/198\.1[89]\.\d+\.\d+/g, "ADDRESS")
      .replaceAll(/\b[0-9a-f]{12,64}\b/g, "ID")
      .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, "MAC")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, "TIME")
      .replaceAll(/\d+\.\d+ s\b/g, "T s");
    return JSON.parse(text);
  };
  const shapeOf = (one: typeof agent) => ({
    Config: one?.Config,
    HostConfig: one?.HostConfig,
    // In whatever order.
    Mounts: one?.Mounts.toSorted((a, b) => (a.Destination < b.Destination ? -1 : 1)),
    networks: Object.keys(one?.NetworkSettings.Networks ?? {}),
    aliases: Object.values(one?.NetworkSettings.Networks ?? {}).map(({ Aliases }) => Aliases?.length),
  });
  return {
    slug,
    gate: gate?.Id,
    seen: {
      agent: plain(shapeOf(agent)),
      gate: plain(shapeOf(gate)),
      networks: networks.map(({ Internal, Options, Labels, IPAM, EnableIPv6 }) =>
        plain({ Internal, Options, Labels, IPAM, EnableIPv6 }),
      ),
      compose: plain(compose),
      said: plain(said),
      log: plain(readFileSync(paths.log, "utf8")),
      files: readdirSync(paths.dir).sort(),
      steps: [...new Set(readJournal(paths.journal).map(({ step, phase }) => `${step} ${phase}`))].sort(),
      events: readFileSync(paths.events, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { event: string }).event),
    },
  };
}

async function idOf(container: string): Promise<string> {
  return (await (await dockerd.connect()).getContainer(container).inspect()).Id;
}
