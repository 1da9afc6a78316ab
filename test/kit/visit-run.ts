import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { readJournal } from "../../src/sandbox/read-journal.ts";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import { aheads, hasRun, markers, sandboxes } from "./ahead-in.ts";
import type { TestCli } from "./cli.ts";
import { dockerEngineAt } from "./docker-engine.ts";
import { spareCalls, until } from "./spare-calls.ts";

/** Everything about one run that somebody can see while it lasts and afterwards, without what differs from run to run. */
export async function visitRun(cli: TestCli, engine: string, launcher: () => string) {
  const dockerd = dockerEngineAt(engine);
  const { start } = spareCalls(launcher);
  const command = "cat /etc/hosts; curl -sS http://refused.example/; echo IT-RUNS; until [ -e go ]; do sleep 0.1; done";
  const words = ["--engine", "docker", "--", "sh", "-c", command];
  const before = new Set(sandboxes(cli));
  const waiting = aheads(cli);
  const call = start(cli, `"$0" run "$@" 2>&1 | cat`, words);
  await call.seen("IT-RUNS");
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
  const byHand = (...argv: readonly string[]) =>
    execFileSync("docker-compose", ["-p", `caisson-${slug}`, ...argv], {
      cwd: paths.dir,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: cli.home, DOCKER_HOST: dockerd.dockerHost },
      stdio: ["ignore", "pipe", "pipe"],
    });
  const running = byHand("ps")
    .match(/\S+-1 .* Up/g)
    ?.map((line) => line.split(" ")[0]);
  // What it decided is on its way through the engine while the agent has its answer.
  let logs = "";
  await until(() => {
    logs = byHand("logs", "--no-color", "gate");
    return logs.includes("refused.example");
  });
  const gateSaid = [...logs.matchAll(/"type":"(\w+)"/g)].map(([, type]) => type);
  const go = join(cli.workspace, "go");
  writeFileSync(go, "");
  const text = await call.ended;
  rmSync(go);
  await until(() => !markers(cli).includes(slug));
  const said = stripVTControlCharacters(text);
  const plain = (value: unknown): unknown => {
    const text = JSON.stringify(value)
      .replaceAll(slug, "SLUG")
      .replaceAll(/198\.1[89]\.\d+\.\d+/g, "ADDRESS")
      .replaceAll(/\b[0-9a-f]{12,64}\b/g, "ID")
      .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, "MAC")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, "TIME")
      .replaceAll(/\d+(\.\d+)? s\b/g, "T s");
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
      running: plain(running),
      gateSaid,
      audit: readFileSync(paths.audit, "utf8").match(/"(verdict|rule|host)":"[^"]*"/g),
      // What the gate tells and what the agent says come side by side.
      said: plain(said.split("\n").toSorted()),
      log: plain(readFileSync(paths.log, "utf8").replaceAll(/^\S+ /gm, "").split("\n").toSorted()),
      files: readdirSync(paths.dir).sort(),
      steps: [...new Set(readJournal(paths.journal).map(({ step, phase }) => `${step} ${phase}`))].sort(),
      events: readFileSync(paths.events, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { event: string }).event)
        .toSorted(),
    },
  };
}
