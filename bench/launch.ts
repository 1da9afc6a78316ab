// From the command to the agent's first instruction: `caisson run` beside srt, raw bubblewrap and a bare Node, one at a time
// and many at once, in one run on one machine. Ratios are what counts; milliseconds are this machine's.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Contender, contenders, missingPrograms } from "./launch/contenders.ts";
import { type Launch, measureLaunch, quantile } from "./launch/measure-launch.ts";
import { openSpares, type Spares } from "./launch/open-spares.ts";
import { sandboxMemory } from "./launch/sandbox-memory.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    together: { type: "string", default: "20" },
    json: { type: "boolean" },
  },
});
const rounds = Number(values.rounds);
const together = Number(values.together);
const idle = 5;

const root = resolve(import.meta.dirname, "..");
const missing = missingPrograms(root, process.env.PATH ?? "");
if (missing.length > 0) {
  console.error(`Cannot compare: missing ${missing.join(", ")}\nhint: sudo apt-get install bubblewrap socat ripgrep`);
  process.exit(4);
}
execFileSync(process.execPath, [join(root, "bin/build.ts")], { stdio: "inherit" });

const folder = mkdtempSync(join(tmpdir(), "caisson-bench-"));
const workspaces = Array.from({ length: Math.max(1, together) }, (_, i) => join(folder, `workspace-${i}`));
for (const workspace of workspaces) mkdirSync(workspace);
const [workspace = folder] = workspaces;
const srtSettings = join(folder, "srt.json");
const network = { allowedDomains: ["api.anthropic.com"], deniedDomains: [] };
const filesystem = { denyRead: [], allowWrite: ["."], denyWrite: [] };
writeFileSync(srtSettings, JSON.stringify({ network, filesystem }));
const environment = {
  PATH: process.env.PATH,
  HOME: join(folder, "home"),
  XDG_STATE_HOME: join(folder, "state"),
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_CONFIG_HOME: join(folder, "config"),
};
mkdirSync(environment.HOME);
const { plainNode, launchers } = contenders({ root, node: process.execPath, srtSettings });
const all = [plainNode, ...launchers];
const options = { cwd: workspace, environment };
const spares = await openSpares(root, { cwd: workspace, environment, argv: launchers[0]?.argv ?? [] });

try {
  for (const contender of [...all, ...all]) await measureLaunch(contender, options);
  const alone = new Map<Contender, Launch[]>(all.map((contender) => [contender, []]));
  // In turns, so that whatever else the machine does meets each of them alike.
  for (let round = 0; round < rounds; round++) {
    for (const contender of all) alone.get(contender)?.push(await measureLaunch(contender, options));
    await spares.measure();
  }
  const crowd = new Map<Contender, Launch[]>();
  for (const contender of all) {
    const starts = workspaces.map((cwd) => measureLaunch(contender, { cwd, environment }));
    crowd.set(contender, await Promise.all(starts));
  }
  const memory = await measureIdle();
  report({ alone, crowd, memory, spares });
} finally {
  await spares[Symbol.asyncDispose]();
  execFileSync(join(root, "bin/caisson"), ["kill"], { env: environment, stdio: "ignore" });
  rmSync(folder, { recursive: true, force: true });
}

/** Memory per idle sandbox, with several at once: code that they share is there once. */
async function measureIdle() {
  const caisson = (...args: readonly string[]) =>
    execFileSync(join(root, "bin/caisson"), args, { env: environment, cwd: workspace, encoding: "utf8" });
  const slugs = Array.from({ length: idle }, () => {
    const line = caisson("run", "--json", "--detach", "--workspace", "none", "--", "sleep", "600")
      .trim()
      .split("\n")
      .at(-1);
    return (JSON.parse(line ?? "{}") as { slug: string }).slug;
  });
  const keepers = slugs.map((slug) => {
    const file = join(environment.XDG_STATE_HOME, "caisson/sandboxes", slug, "metadata.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { keeper: { pid: number } }).keeper.pid;
  });
  // Until each runs its command: then nothing starts any more.
  for (const slug of slugs) caisson("exec", slug, "--", "true");
  const sizes = keepers.map(sandboxMemory);
  const mean = (part: "keeper" | "gate" | "rest") =>
    sizes.reduce((sum, size) => sum + size[part], 0) / idle / 1024 ** 2;
  return { keeper: mean("keeper"), gate: mean("gate"), rest: mean("rest") };
}

function report(found: {
  readonly alone: ReadonlyMap<Contender, readonly Launch[]>;
  readonly crowd: ReadonlyMap<Contender, readonly Launch[]>;
  readonly memory: Readonly<Record<"keeper" | "gate" | "rest", number>>;
  readonly spares: Spares;
}): void {
  const spared = found.spares.launches.map((launch) => launch.firstInstructionMs);
  const spare = { medianMs: quantile(spared, 0.5), p90Ms: quantile(spared, 0.9), memoryMb: found.spares.memoryMb() };
  const rows = all.map((contender) => {
    const first = (found.alone.get(contender) ?? []).map((launch) => launch.firstInstructionMs);
    const many = (found.crowd.get(contender) ?? []).map((launch) => launch.firstInstructionMs);
    return {
      name: contender.name,
      medianMs: quantile(first, 0.5),
      p90Ms: quantile(first, 0.9),
      crowdMedianMs: quantile(many, 0.5),
      crowdLastMs: Math.max(...many),
    };
  });
  const of = (name: string) => rows.find((row) => row.name === name) ?? rows[0];
  const [caisson, srt, node] = [of("caisson run"), of("srt"), of("node -e 0")];
  if (!caisson || !srt || !node) throw new Error("a row is missing");
  const ratios = {
    caissonToSrt: caisson.medianMs / srt.medianMs,
    caissonToSrtTogether: caisson.crowdLastMs / srt.crowdLastMs,
    caissonOverNodeMs: caisson.medianMs - node.medianMs,
    spareToSrt: spare.medianMs / srt.medianMs,
    spareOverNodeMs: spare.medianMs - node.medianMs,
  };
  if (values.json) {
    console.log(JSON.stringify({ rounds, together, rows, spare, ratios, memoryMb: found.memory }));
    return;
  }
  console.log(
    `command to first instruction, ms (${rounds} rounds in turns; ${together} at once; node -e 0: to its end)`,
  );
  console.log("                    median      p90    of many: median     last");
  for (const row of rows) {
    const numbers = [row.medianMs, row.p90Ms, row.crowdMedianMs, row.crowdLastMs].map((ms) =>
      ms.toFixed(0).padStart(9),
    );
    console.log(`  ${row.name.padEnd(14)}${numbers[0]}${numbers[1]}         ${numbers[2]}${numbers[3]}`);
  }
  console.log(`  with a spare  ${spare.medianMs.toFixed(0).padStart(9)}${spare.p90Ms.toFixed(0).padStart(9)}`);
  console.log(
    `  caisson / srt: ${ratios.caissonToSrt.toFixed(2)} alone, ${ratios.caissonToSrtTogether.toFixed(2)} for the last of ${together}   (aim: 0.33); with a spare ${ratios.spareToSrt.toFixed(2)}`,
  );
  console.log(
    `  caisson - node -e 0: ${ratios.caissonOverNodeMs.toFixed(0)} ms   (aim: 120); with a spare ${ratios.spareOverNodeMs.toFixed(0)} ms`,
  );
  const { keeper, gate, rest } = found.memory;
  console.log(
    `  idle sandbox: keeper ${keeper.toFixed(1)} MB + gate ${gate.toFixed(1)} MB + the rest ${rest.toFixed(1)} MB (PSS, ${idle} at once); a spare ${spare.memoryMb.toFixed(0)} MB`,
  );
}
