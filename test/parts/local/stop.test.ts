import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { identifyProcess, isSameProcess, type ProcessIdentity } from "../../../src/host/process-identity.ts";
import { localDefences } from "../../../src/sandbox/local/defences.ts";
import type { HolderFacts } from "../../../src/sandbox/local/holder.ts";
import { createLocalEngine } from "../../../src/sandbox/local/local-engine.ts";
import { findOrphanedGates, gateMark } from "../../../src/sandbox/local/owner-mark.ts";
import { prepareFolders } from "../../../src/sandbox/local/prepare-folders.ts";
import { holderMounts, renderHolderArguments } from "../../../src/sandbox/local/render-holder-arguments.ts";
import {
  finish,
  launchSandbox,
  localHost,
  processesOf,
  type TestSandbox,
  temporaryFolder,
  testPlan,
} from "./local-kit.ts";

const stubborn = "trap '' TERM HUP INT QUIT TSTP; while :; do sleep 1000; done";

/** Starts a command and waits until it says that it is ready. */
async function startReady(box: TestSandbox, script: string) {
  const running = await box.sandbox.exec({ argv: ["/bin/bash", "-c", script] });
  await new Promise<void>((resolve) => running.onOutput((_, bytes) => void (String(bytes) && resolve())));
  return running;
}

describe("stop()", () => {
  it.each([
    ["processes that ignore signals", `echo ready; ${stubborn}`],
    [
      "grandchildren that went to sessions of their own",
      `setsid -f sh -c "setsid -f sh -c \\"echo ready; ${stubborn}\\""; ${stubborn}`,
    ],
    ["stopped processes", "sleep 1000 & kill -STOP $!; echo ready; kill -STOP $$"],
    ["a process tree that keeps forking", "echo ready; f() { sleep 0.01; f | f & }; f; wait"],
    ["a child that waits for an exec that never comes", "mkfifo /tmp/never; echo ready; exec sh /tmp/never"],
  ])("ends %s", async (_, script) => {
    await using box = await launchSandbox({ plan: { limits: { ...limits, processes: 64 } } });
    const running = await startReady(box, script);
    expect(processesOf(box.stateDir).length).toBeGreaterThan(0);
    expect(await box.sandbox.stop()).toEqual({ leftovers: [] });
    expect(processesOf(box.stateDir)).toEqual([]);
    await running.ended;
    await box.sandbox.gone;
  });

  it("may be called twice, and at once", async () => {
    await using box = await launchSandbox();
    const both = await Promise.all([box.sandbox.stop(), box.sandbox.stop()]);
    expect([...both, await box.sandbox.stop()]).toEqual(Array(3).fill({ leftovers: [] }));
  });

  it("ends a sandbox while commands are being started, which then fail or end", async () => {
    await using box = await launchSandbox();
    const starting = Array.from({ length: 8 }, () => box.sandbox.exec({ argv: ["sleep", "1000"] }));
    const stopped = box.sandbox.stop();
    for (const outcome of await Promise.allSettled(starting))
      if (outcome.status === "fulfilled") expect((await outcome.value.ended).exitCode).not.toBe(0);
    expect(await stopped).toEqual({ leftovers: [] });
    expect(processesOf(box.stateDir)).toEqual([]);
  });

  it("removes the cgroups, which every command was in from its first instruction", async () => {
    await using box = await launchSandbox();
    const own = await box.sandbox.exec({ argv: ["cat", "/proc/self/cgroup"] });
    const typed = await box.sandbox.exec({
      argv: ["cat", "/proc/self/cgroup"],
      pty: { columns: 80, rows: 24, term: "dumb" },
    });
    const [piped, terminal] = await Promise.all([finish(own), finish(typed)]);
    const { limitMechanisms } = box.sandbox;
    const ours = /^\d+:(\w*):(.*\/caisson-part-\w+)\r?$/gm;
    const groups = [...piped.stdout.matchAll(ours)].map(([, , path]) => path);
    expect([...terminal.stdout.matchAll(ours)].map(([, , path]) => path)).toEqual(groups);
    expect(groups.length > 0).toBe(limitMechanisms.memory?.startsWith("cgroup"));
    await box.sandbox.stop();
    const left = box.cgroups().filter((dir) => existsSync(dir));
    expect(left).toEqual([]);
  });

  it("refuses commands afterwards", async () => {
    await using box = await launchSandbox();
    await box.sandbox.stop();
    await expect(box.sandbox.exec({ argv: ["true"] })).rejects.toThrow("it has ended");
  });

  it.each(["monitor", "init"] as const)("finds nothing left when somebody else killed the %s", async (which) => {
    await using box = await launchSandbox();
    const running = await startReady(box, `echo ready; ${stubborn}`);
    process.kill(box.prepared.facts[which]?.pid ?? 0, "SIGKILL");
    await box.sandbox.gone;
    await running.ended;
    expect(await box.sandbox.stop()).toEqual({ leftovers: [] });
    expect(processesOf(box.stateDir)).toEqual([]);
  });
});

const limits = {
  cpus: 1,
  memoryBytes: 1024 ** 3,
  processes: 256,
  diskBytes: 1024 ** 3,
  timeoutSeconds: 60,
  idleSeconds: 3600,
  outputBytes: 1024 ** 2,
};

describe("reap()", () => {
  const engine = () => createLocalEngine({ host: localHost(), defences: localDefences });
  const factsOf = (stateDir: string): HolderFacts => {
    const file = join(stateDir, "facts.jsonl");
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean) : [];
    return Object.assign({}, ...lines.map((line) => JSON.parse(line)));
  };
  const startKeeper = (stateDir: string) =>
    spawn(process.execPath, [join(import.meta.dirname, "keeper-stand-in.ts"), stateDir], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true, // As keepers are.
    });
  const killKeeper = async (keeper: ChildProcess) => {
    const exited = keeper.exitCode === null && keeper.signalCode === null ? once(keeper, "exit") : undefined;
    keeper.kill("SIGKILL");
    await exited;
  };

  it.each([
    ["all facts", (facts: HolderFacts) => facts],
    ["the cgroups only", ({ cgroups = [] }: HolderFacts) => ({ cgroups })],
  ])("ends what a killed keeper left, knowing %s", async (_, known) => {
    using folder = temporaryFolder();
    const keeper = startKeeper(folder.path);
    await once(keeper.stdout, "data");
    await killKeeper(keeper);
    const facts = factsOf(folder.path);
    expect(await engine().reap(folder.path, known(facts))).toEqual([]);
    expect(processesOf(folder.path)).toEqual([]);
    expect(facts.cgroups?.filter((dir) => existsSync(dir))).toEqual([]);
    expect(await engine().reap(folder.path, facts)).toEqual([]);
    expect(await engine().removeScratch(folder.path)).toEqual([]);
    expect(existsSync(join(folder.path, "private"))).toBe(false);
  });

  it("ends what outlived the keeper: a sandbox whose keeper's end it did not notice", async () => {
    await using box = await launchSandbox();
    await startReady(box, `echo ready; ${stubborn}`);
    expect(await engine().reap(box.stateDir, {})).toEqual([]);
    expect(processesOf(box.stateDir)).toEqual([]);
  });

  it("ends a bubblewrap whose parent died before it was anything", async () => {
    using folder = temporaryFolder();
    const host = localHost();
    const plan = testPlan(folder.path);
    prepareFolders(host.files, plan);
    const context = { ...host, defences: localDefences };
    const args = renderHolderArguments(context, plan, holderMounts(context, plan, { mounts: [] }));
    // The parent dies of what it writes to a pipe that nobody reads; its child then waits for it.
    const untilNobodyReads = "trap '' PIPE; while echo 2>/dev/null; do :; done; trap - PIPE";
    const script = `(${untilNobodyReads}; exec "$0" "$@" 3>&1 1>&2 4</dev/null) | :`;
    const shell = spawn("sh", ["-c", script, host.programs.bwrap, ...args], { stdio: "ignore" });
    await once(shell, "exit");
    expect(processesOf(folder.path).length).toBe(1);
    expect(await engine().reap(folder.path, {})).toEqual([]);
    expect(processesOf(folder.path)).toEqual([]);
  });

  it("ends a gate's bubblewrap whose keeper died before it was anything, and no other's", async () => {
    const host = localHost();
    const bwrapOf = (keeper: ProcessIdentity) => [
      host.programs.bwrap,
      "--unshare-user",
      ...gateMark(keeper, host.processes.namespace(process.pid, "pid")),
      "--dev-bind",
      "/",
      "/",
      "cat",
    ];
    const [program = "", ...args] = bwrapOf(identifyProcess(process.pid));
    const living = spawn(program, args, { stdio: ["pipe", "ignore", "ignore"] });
    const gone = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
    const keeper = identifyProcess(gone.pid ?? 0);
    gone.kill("SIGKILL");
    await once(gone, "exit");
    const orphan = spawn(program, bwrapOf(keeper).slice(1), { stdio: ["pipe", "ignore", "ignore"] });
    const ended = once(orphan, "exit");
    expect(await engine().reapGates()).toEqual([]);
    expect(await ended).toEqual([null, "SIGKILL"]);
    // Not none at all: what runs beside this test may have killed a keeper of its own just now.
    const said = (pid: number) => host.processes.file(pid, "cmdline") ?? "";
    expect(findOrphanedGates(host).filter((pid) => said(pid).includes(`gate:${keeper.pid}:`))).toEqual([]);
    expect(living.exitCode ?? living.signalCode).toBeNull();
    living.kill("SIGKILL");
  });

  it("leaves alone what only looks like ours: another process with the id, another sandbox", async () => {
    await using other = await launchSandbox();
    const { init, pidNamespace } = other.prepared.facts;
    using folder = temporaryFolder();
    const reused: HolderFacts = {
      init: { pid: process.pid, startTicks: "1", bootId: init?.bootId ?? "" },
      monitor: { pid: process.ppid, startTicks: "1", bootId: init?.bootId ?? "" },
      pidNamespace: "pid:[1]",
    };
    expect(await engine().reap(folder.path, reused)).toEqual([]);
    if (init === undefined || pidNamespace === undefined) throw new Error("the sandbox has no facts");
    const ofAnotherBoot = { ...init, bootId: "another" };
    expect(await engine().reap(folder.path, { init: ofAnotherBoot, monitor: ofAnotherBoot, pidNamespace })).toEqual([]);
    expect((await other.run("echo alive")).stdout).toBe("alive\n");
  });

  it("ends what a dead keeper had forked and what is no program of its own yet, and nothing of a living one", async () => {
    using folder = temporaryFolder();
    // To the kernel a forked child that has not executed anything yet is this: our Node, in the keeper's session.
    const script = `const { spawn } = require("node:child_process");
      console.log(spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" }).pid);
      setInterval(() => {}, 1000);`;
    const keeper = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const [said] = (await once(keeper.stdout, "data")) as [Buffer];
    const child = identifyProcess(Number(said.toString()));
    const identity = identifyProcess(keeper.pid ?? 0);
    expect(await engine().reap(folder.path, {}, identity)).toEqual([]);
    expect(isSameProcess(child)).toBe(true);
    await killKeeper(keeper);
    expect(isSameProcess(child)).toBe(true);
    expect(await engine().reap(folder.path, {}, identity)).toEqual([]);
    await expect.poll(() => isSameProcess(child)).toBe(false);
  });

  it("leaves nothing whenever in its launch the keeper is killed", async () => {
    for (let moment = 0; moment < 12; moment += 1) {
      using folder = temporaryFolder();
      const keeper = startKeeper(folder.path);
      const isLate = once(keeper.stdout, "data").then(() => {});
      const file = join(folder.path, moment % 3 === 0 ? "facts.jsonl" : "private/seccomp.bpf");
      await Promise.race([isLate, appears(file)]);
      // How far it came by then differs from run to run; so does how long these take.
      for (let i = 0; i < moment; i += 1) readFileSync("/proc/self/mountinfo");
      const identity = identifyProcess(keeper.pid ?? 0);
      await killKeeper(keeper);
      expect(await engine().reap(folder.path, factsOf(folder.path), identity)).toEqual([]);
      expect(processesOf(folder.path)).toEqual([]);
    }
  });
});

async function appears(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
}
