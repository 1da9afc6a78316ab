import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findSpare, spareFolder } from "../../src/run/spare-place.ts";
import { type Launch, measureLaunch } from "./measure-launch.ts";
import { pssOf } from "./sandbox-memory.ts";

/** Runs that a spare serves, one at a time, beside the others of a bench. */
export interface Spares extends AsyncDisposable {
  readonly launches: readonly Launch[];
  /** Waits for a spare, then starts one run. Throws when it was not the spare that served it. */
  measure(): Promise<void>;
  /** What one that waits takes: command line, keeper, gate (PSS). */
  memoryMb(): number;
}

/** The spare has booted and the run before it has ended: what is measured is the launch alone. */
const settleMs = 500;
const bootMs = 10_000;

/** A person of their own, for whom a spare waits; the others have none. */
export async function openSpares(
  root: string,
  of: {
    readonly cwd: string;
    readonly environment: NodeJS.ProcessEnv;
    readonly argv: readonly string[];
    /** Options of `caisson spare`. */
    readonly spare?: readonly string[];
  },
): Promise<Spares> {
  const { spare = [] } = of;
  const environment = { ...of.environment, XDG_STATE_HOME: `${of.environment.XDG_STATE_HOME}-spare${spare.join("")}` };
  const caisson = (...args: readonly string[]) =>
    execFileSync(join(root, "bin/caisson"), args, { env: environment, cwd: of.cwd, stdio: "ignore" });
  const folder = spareFolder(join(environment.XDG_STATE_HOME, "caisson"));
  const waiting = async () => {
    for (let waited = 0; waited < bootMs; waited += 20) {
      const spare = findSpare(folder);
      if (spare !== undefined) return spare.pid;
      await sleep(20);
    }
    throw new Error("no spare waits");
  };
  const launches: Launch[] = [];
  const once = async () => {
    const before = await waiting();
    await sleep(settleMs);
    const launch = await measureLaunch({ name: "with a spare", argv: of.argv }, { cwd: of.cwd, environment });
    if ((await waiting()) === before) throw new Error(`a run was not served: ${readFileSync(join(folder, "refused"))}`);
    return launch;
  };
  caisson("spare", ...spare);
  // The first ones teach it what it calls.
  for (let lesson = 0; lesson < 3; lesson++) await once();
  return {
    launches,
    measure: async () => {
      launches.push(await once());
    },
    memoryMb: () => processesOf(environment.XDG_STATE_HOME).reduce((sum, pid) => sum + pssOf(pid), 0) / 1024 ** 2,
    [Symbol.asyncDispose]: async () => void caisson("kill"),
  };
}

/** Every process of that person's: these variables are theirs alone, but a gate has none and is found below its keeper. */
function processesOf(stateHome: string): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const read = (file: string) => {
    try {
      return readFileSync(file, "latin1");
    } catch {
      return ""; // It ended while we looked.
    }
  };
  const own = new Set(pids.filter((pid) => read(`/proc/${pid}/environ`).includes(`XDG_STATE_HOME=${stateHome}\0`)));
  const parentOf = (pid: string) => /^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? "";
  for (let size = -1; size !== own.size; ) {
    size = own.size;
    for (const pid of pids) if (own.has(parentOf(pid))) own.add(pid);
  }
  return [...own].map(Number);
}
