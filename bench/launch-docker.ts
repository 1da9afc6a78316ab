// From the command to the agent's first instruction on docker: `caisson run --engine docker` beside raw `docker run` of the
// same image and beside `docker-compose up` of the very file that Caisson wrote, one at a time in turns and several at once,
// in one run, on an engine that the bench starts for itself. Ratios are what counts; milliseconds are this machine's.
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { closeDockerEngine, dockerEngineAt, openDockerEngine } from "../test/kit/docker-engine.ts";
import { provideTestImages } from "../test/kit/test-images.ts";
import type { Contender } from "./launch/contenders.ts";
import { copyTopology } from "./launch/copy-topology.ts";
import { dockerContenders, image, missingDockerPeers } from "./launch/docker-contenders.ts";
import { dockerMemory } from "./launch/docker-memory.ts";
import { type Launch, measureLaunch, quantile } from "./launch/measure-launch.ts";
import { openSpares } from "./launch/open-spares.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    together: { type: "string", default: "20" },
    json: { type: "boolean" },
  },
});
const rounds = Number(values.rounds);
const together = Number(values.together);
const idle = 3;
/** Whom the images know: what a workspace belongs to. */
const agentId = 1000;

const missing = missingDockerPeers(process.env.PATH ?? "");
if (missing.length > 0) {
  console.error(`Cannot compare: missing ${missing.join(", ")}\nhint: sudo apt-get install docker.io docker-compose`);
  process.exit(4);
}
const root = resolve(import.meta.dirname, "..");
execFileSync(process.execPath, [join(root, "bin/build.ts")], { stdio: "inherit" });
const name = await openDockerEngine("sealed");
const folder = mkdtempSync(join(tmpdir(), "cb-"));
const environment = {
  PATH: process.env.PATH,
  HOME: join(folder, "h"),
  XDG_STATE_HOME: join(folder, "s"),
  XDG_CACHE_HOME: join(folder, "c"),
  XDG_CONFIG_HOME: join(folder, "f"),
  DOCKER_HOST: dockerEngineAt(name).dockerHost,
};
const workspace = join(folder, "w");
for (const dir of [workspace, environment.HOME]) mkdirSync(dir);
chownSync(workspace, agentId, agentId);
const options = { cwd: workspace, environment };
const caisson = (...args: readonly string[]) =>
  execFileSync(join(root, "bin/caisson"), args, { env: environment, cwd: workspace, encoding: "utf8" });
const detach = () => caisson("run", "--engine", "docker", "--detach", "--", "sleep", "600").trim();

try {
  await provideTestImages(name);
  const slug = detach();
  caisson("exec", slug, "--", "true");
  const topology = copyTopology(join(environment.XDG_STATE_HOME, "caisson/sandboxes", slug), join(folder, "topology"));
  caisson("stop", slug);
  const { alone: lone, together: crowded, afterwards } = dockerContenders({ root, workspace, topology, slug });
  const clear = (contender: Contender) => {
    const argv = afterwards.get(contender);
    if (argv !== undefined) execFileSync(argv[0] ?? "", argv.slice(1), { env: environment, stdio: "ignore" });
  };
  const once = async (contender: Contender): Promise<Launch> => {
    const launch = await measureLaunch(contender, options);
    const started = performance.now();
    clear(contender);
    return { ...launch, totalMs: launch.totalMs + (performance.now() - started) };
  };
  // One that has booted for docker, and one that also has networks and gate there.
  const forDocker = { ...environment, CAISSON_ENGINE: "docker" };
  const argv = lone[0]?.argv ?? [];
  await using spares = await openSpares(root, { cwd: workspace, environment: forDocker, argv });
  const spare = ["--engine", "docker"];
  await using gated = await openSpares(root, { cwd: workspace, environment, argv, spare });
  for (const contender of lone) await once(contender);
  const alone = new Map<Contender, Launch[]>(lone.map((contender) => [contender, []]));
  // In turns, so that whatever else the machine does meets each of them alike.
  for (let round = 0; round < rounds; round++) {
    for (const contender of lone) alone.get(contender)?.push(await once(contender));
    await spares.measure();
    await gated.measure();
  }
  const crowd = new Map<Contender, readonly Launch[]>();
  for (const contender of crowded) {
    const starts = Array.from({ length: together }, () => measureLaunch(contender, options));
    crowd.set(contender, await Promise.all(starts));
  }
  const spared: readonly (readonly [Contender, readonly Launch[]])[] = [
    [{ name: "with a spare", argv: [] }, spares.launches],
    [{ name: "spare for docker", argv: [] }, gated.launches],
  ];
  report(new Map([...alone, ...spared]), crowd, await measureIdle());
} finally {
  execFileSync(join(root, "bin/caisson"), ["kill"], { env: environment, stdio: "ignore" });
  await closeDockerEngine(name);
  rmSync(folder, { recursive: true, force: true });
}

/** Memory of one idle sandbox, with several at once: code that they share is there once. */
async function measureIdle() {
  const slugs = Array.from({ length: idle }, detach);
  for (const slug of slugs) caisson("exec", slug, "--", "true");
  const docker = await dockerEngineAt(name).connect();
  const sizes = await Promise.all(
    slugs.map(async (slug) => {
      const file = join(environment.XDG_STATE_HOME, "caisson/sandboxes", slug, "metadata.json");
      const { keeper } = JSON.parse(readFileSync(file, "utf8")) as { keeper: { pid: number } };
      return await dockerMemory(docker, slug, keeper.pid);
    }),
  );
  const mean = (part: "keeper" | "gate" | "agent" | "shims") =>
    sizes.reduce((sum, size) => sum + size[part], 0) / idle / 1024 ** 2;
  return { keeper: mean("keeper"), gate: mean("gate"), agent: mean("agent"), shims: mean("shims") };
}

function report(
  alone: ReadonlyMap<Contender, readonly Launch[]>,
  crowd: ReadonlyMap<Contender, readonly Launch[]>,
  memory: Awaited<ReturnType<typeof measureIdle>>,
): void {
  const rows = [...alone].map(([{ name: contender }, launches]) => {
    const first = launches.map(({ firstInstructionMs }) => firstInstructionMs);
    const down = launches.map(({ firstInstructionMs, totalMs }) => totalMs - firstInstructionMs);
    return {
      name: contender,
      medianMs: quantile(first, 0.5),
      p90Ms: quantile(first, 0.9),
      downMs: quantile(down, 0.5),
    };
  });
  const last = [...crowd].map(([{ name: contender }, launches]) => ({
    name: contender,
    lastMs: Math.max(...launches.map(({ firstInstructionMs }) => firstInstructionMs)),
  }));
  const median = (wanted: string) => rows.find((row) => row.name === wanted)?.medianMs ?? Number.NaN;
  const ratios = {
    caissonToDockerRun: median("caisson run") / median("docker run"),
    spareToDockerRun: median("with a spare") / median("docker run"),
    dockerSpareToDockerRun: median("spare for docker") / median("docker run"),
    caissonToCompose: median("caisson run") / median("docker-compose"),
  };
  if (values.json) {
    console.log(JSON.stringify({ rounds, together, image, rows, last, ratios, memoryMb: memory }));
    return;
  }
  console.log(`command to first instruction on docker, ms (${rounds} rounds in turns, image ${image})`);
  console.log("                    median      p90   from there to all gone");
  for (const { name: row, medianMs, p90Ms, downMs } of rows) {
    const [first, p90, down] = [medianMs, p90Ms, downMs].map((ms) => ms.toFixed(0).padStart(9));
    console.log(`  ${row.padEnd(16)}${first}${p90}${down}`);
  }
  const burst = last.map(({ name: row, lastMs }) => `${row} ${lastMs.toFixed(0)} ms`).join(", ");
  console.log(`  last of ${together} at once: ${burst}`);
  console.log(
    `  caisson / docker run: ${ratios.caissonToDockerRun.toFixed(2)}   (aim: 2); with a spare ${ratios.spareToDockerRun.toFixed(2)}, with one for docker ${ratios.dockerSpareToDockerRun.toFixed(2)}`,
  );
  console.log(`  caisson / docker-compose up of the same file: ${ratios.caissonToCompose.toFixed(2)}`);
  const parts = Object.entries(memory).map(([part, mb]) => `${part} ${mb.toFixed(1)} MB`);
  console.log(`  idle sandbox: ${parts.join(" + ")} (PSS, ${idle} at once)`);
}
