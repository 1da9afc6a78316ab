import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildPrograms, programs } from "../../bin/build-programs.ts";
import { readJournal } from "../../src/sandbox/read-journal.ts";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import type { FaultReport, KillPoint } from "../fixtures/faults/kill-point.ts";
import { dockerEngineAt } from "./docker-engine.ts";
import { inEngine, leftBy } from "./docker-leftovers.ts";
import { readMaybe } from "./spare-calls.ts";

/** What a case on the docker engine found, besides what every case tells. */
export interface DockerFaultReport extends FaultReport {
  /** What `caisson ls --all` said before anybody settled: `running` would be a lie. */
  readonly listed: string | undefined;
  /** What is kept of the log. */
  readonly log: string;
}

/** Cases of a caisson whose keeper kills, or waits, at one line of its journal, on the tests' docker engine. */
export interface DockerFaults extends Disposable {
  /** One run, its fault, and a cleanup after it. */
  run(point: KillPoint): Promise<DockerFaultReport>;
  /** Runs at once that all wait at their lines; then something is done to the engine, for all of them. */
  wave(points: readonly KillPoint[], engineFault: EngineFault): Promise<readonly DockerFaultReport[]>;
}

/** What becomes of the engine while runs wait, and what brings it back when they are over. */
interface EngineFault {
  strike(): Promise<void>;
  mend(): Promise<void>;
}

/** Whom the images know. */
const agentId = 1000;
const patience = 60_000;
/** Outside, in the engine's own network: a number for each case. */
let port = 20_000;

/** Bundles such a caisson. */
export async function openDockerFaults(engine: string): Promise<DockerFaults> {
  const root = resolve(import.meta.dirname, "../..");
  const folder = mkdtempSync(join(tmpdir(), "df-"));
  writeFileSync(join(folder, "package.json"), "{}");
  const keeper = "test/fixtures/faults/killing-keeper.ts";
  await buildPrograms({ root, outdir: join(folder, "dist"), entryPoints: { ...programs, keeper } });
  const open = (point: KillPoint) => openCase({ engine, cli: join(folder, "dist/cli.cjs") }, point);
  return {
    run: async (point) => {
      using one = open(point);
      await one.over();
      return await one.settle();
    },
    wave: async (points, fault) => {
      const cases = points.map(open);
      try {
        await Promise.all(cases.map((one) => one.waiting()));
        await fault.strike();
        for (const one of cases) one.go();
        await Promise.all(cases.map((one) => one.over()));
        await fault.mend();
        return await Promise.all(cases.map((one) => one.settle()));
      } finally {
        for (const one of cases) one[Symbol.dispose]();
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One user with one run. */
interface FaultCase extends Disposable {
  /** Resolves when the keeper stands at its line, or the run is over without. */
  waiting(): Promise<void>;
  go(): void;
  /** Resolves when neither command line nor keeper is there any more. */
  over(): Promise<void>;
  settle(): Promise<DockerFaultReport>;
}

function openCase(given: { readonly engine: string; readonly cli: string }, point: KillPoint): FaultCase {
  const { dockerHost } = dockerEngineAt(given.engine);
  const root = mkdtempSync(join(tmpdir(), "fd-"));
  const at = (name: string) => join(root, name);
  for (const name of ["h", "s", "c", "t", "w"]) mkdirSync(at(name));
  const environment = {
    PATH: process.env.PATH,
    HOME: at("h"),
    XDG_STATE_HOME: at("s"),
    XDG_CONFIG_HOME: at("c"),
    TMPDIR: at("t"),
    NODE_COMPILE_CACHE: join(homedir(), ".cache/caisson/compile"),
    CAISSON_ENGINE: "docker",
    DOCKER_HOST: dockerHost,
    FAULT_POINT: JSON.stringify(point),
    FAULT_HIT: at("hit"),
  };
  execFileSync("git", ["init", "--quiet", at("w")], { env: environment });
  execFileSync("chown", ["-R", `${agentId}:${agentId}`, at("w")]);
  const treeBefore = treeOf(at("w"));

  const caisson = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [given.cli, ...args], {
      cwd: at("w"),
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return { child, result: resultOf(child) };
  };
  const stateRoot = join(at("s"), "caisson");
  const slugs = () => (existsSync(join(stateRoot, "sandboxes")) ? readdirSync(join(stateRoot, "sandboxes")) : []);
  const mode = point.workspace === undefined ? [] : ["--workspace", point.workspace];
  port += 1;
  const run = caisson("run", "--json", ...mode, "--publish", `${port}:3000`, "--", "sh", "-c", scriptFor(point));
  const others = () => processesWith(`XDG_STATE_HOME=${at("s")}`);

  return {
    waiting: () =>
      until(others, () => existsSync(at("hit")) || run.child.exitCode !== null || run.child.signalCode !== null),
    go: () => writeFileSync(at("hit.go"), ""),
    over: async () => {
      await until(others, () => run.child.exitCode !== null || run.child.signalCode !== null);
      await until(others, () => others().length === 0);
    },
    settle: async () => {
      const before = await caisson("ls", "--all", "--json").result;
      const cleanup = await caisson("cleanup", "--json").result;
      const [slug = "none"] = slugs();
      const paths = statePaths(stateRoot, slug);
      const listed = before.output.split("\n").find((line) => line.includes(`"${slug}"`));
      const report: DockerFaultReport = {
        isHit: existsSync(at("hit")),
        lines: linesOf(paths.journal),
        leftovers: [
          ...others().map((pid) => `process ${pid}`),
          ...leftBy(root, slug, treeBefore.join("\n") === treeOf(at("w")).join("\n")),
          ...(await inEngine(given.engine, (name) => name.includes(slug))),
        ],
        cleanupExit: cleanup.code,
        end: existsSync(paths.metadata)
          ? (JSON.parse(readFileSync(paths.metadata, "utf8")) as { end?: string }).end
          : undefined,
        output: `${(await run.result).output}${cleanup.output}`,
        listed: listed === undefined ? undefined : (JSON.parse(listed) as { state?: string }).state,
        log: existsSync(paths.log) ? readFileSync(paths.log, "utf8") : "",
      };
      return report;
    },
    [Symbol.dispose]() {
      for (const pid of others()) killIfThere(pid);
      // Whoever was killed a moment ago may still make an end of what it wrote.
      rmSync(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Where the run may go on, or comes to its end before anybody dies, the command ends by itself. */
function scriptFor({ victim, line }: KillPoint): string {
  const goesOn = victim === "engine" && !line.startsWith("agent_started");
  return goesOn || victim === "nobody" || victim === "cli" || line.includes("undone")
    ? "echo said"
    : "echo said; setsid sleep 86399 & exec sleep 86399";
}

function resultOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly output: string }> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
  return new Promise((fulfil, reject) => {
    child.once("error", reject);
    child.once("close", (code) => fulfil({ code, output }));
  });
}

function linesOf(journal: string): readonly string[] {
  const counts = new Map<string, number>();
  return (existsSync(journal) ? readJournal(journal) : []).map(({ step, phase }) => {
    const name = `${step} ${phase}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return `${name} ${counts.get(name)}`;
  });
}

const treeOf = (folder: string): readonly string[] =>
  execFileSync("find", [folder, "-printf", "%P %y %m %u %s\n"], { encoding: "utf8" }).split("\n").sort();

/** It may have ended since it was found. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Processes of this machine that were started with this variable. */
function processesWith(variable: string): readonly number[] {
  const has = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(variable);
    } catch {
      return false;
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && has(name))
    .map(Number);
}

async function until(others: () => readonly number[], isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + patience; !isSo(); await sleep(50)) {
    if (Date.now() > end) {
      const argv = others().map((pid) => readMaybe(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
      throw new Error(`not within ${patience} ms; here are:\n${argv.join("\n")}`);
    }
  }
}
