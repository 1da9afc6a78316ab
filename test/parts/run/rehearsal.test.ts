import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { identifyProcess } from "../../../src/host/process-identity.ts";
import { createMachine } from "../../../src/run/machine.ts";
import { rehearsalPlace } from "../../../src/run/rehearsal-place.ts";
import { settleAll } from "../../../src/run/settle.ts";
import { statePaths } from "../../../src/sandbox/state-paths.ts";
import { temporaryFolder } from "../local/local-kit.ts";

const entry = resolve(import.meta.dirname, "../../../src/run/keeper-main.ts");
const dying = join(import.meta.dirname, "dying-rehearser.ts");

it("leaves nothing of a launch that it rehearsed, and then waits for a request", async () => {
  using folder = temporaryFolder();
  const keeper = startKeeper(folder.path);
  const place = rehearsalPlace(join(folder.path, "caisson"), identifyProcess(keeper.pid ?? 0));
  expect(String((await once(keeper.stdout ?? keeper, "data"))[0])).toBe("rehearsed\n");
  // What it has made ahead for the run to come.
  expect(namesIn(place.folder)).toEqual(["private"]);
  expect(mentions(folder.path)).toEqual([]);
  expect(groupsOf(place.stateRoot)).toBe("");
  keeper.stdin?.end();
  expect((await once(keeper, "exit"))[0]).toBe(0);
  expect(namesIn(join(folder.path, "caisson"))).toEqual([]);
});

it.each(["guard_prepared", "sandbox_started", "agent_started"])(
  "that is killed within it, at %s, leaves it to whoever settles next",
  async (step) => {
    using folder = temporaryFolder();
    const stateRoot = join(folder.path, "caisson");
    const keeper = spawn(process.execPath, [dying, stateRoot, step], { stdio: "inherit", detached: true });
    const place = rehearsalPlace(stateRoot, identifyProcess(keeper.pid ?? 0));
    expect(await once(keeper, "exit")).toEqual([null, "SIGKILL"]);
    const machine = createMachine({
      environment: process.env,
      home: homedir(),
      stateRoot,
      uid: process.getuid?.() ?? 0,
    });
    expect(existsSync(place.folder)).toBe(true);
    expect(await settleAll(machine)).toEqual([]);
    expect(groupsOf(place.stateRoot)).toBe("");
    expect(namesIn(stateRoot)).toEqual([]);
    expect(mentions(folder.path)).toEqual([]);
  },
);

function startKeeper(stateHome: string): ChildProcess {
  return spawn(process.execPath, [entry, "rehearse"], {
    env: { ...process.env, XDG_STATE_HOME: stateHome },
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** The machine's cgroups of the rehearsal in this state root. */
function groupsOf(stateRoot: string): string {
  const digest = createHash("sha256").update(statePaths(stateRoot, "rehearsal").dir).digest("hex").slice(0, 8);
  const found = spawnSync("find", ["/sys/fs/cgroup", "-name", `caisson-rehearsal-${digest}`], { encoding: "utf8" });
  return found.stdout;
}

/** Processes that have this folder in their command line. */
function mentions(folder: string): readonly string[] {
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").includes(folder);
    } catch {
      return false;
    }
  });
}
