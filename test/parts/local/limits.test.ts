import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Limits } from "../../../src/spec/policy.ts";
import { launchSandbox, processesOf, temporaryFolder } from "./local-kit.ts";

const roomy: Limits = {
  cpus: 1,
  memoryBytes: 512 * 1024 ** 2,
  processes: 256,
  diskBytes: 512 * 1024 ** 2,
  timeoutSeconds: 60,
  idleSeconds: 3600,
  outputBytes: 1024 ** 2,
};

/** A sandbox with limits, and what was told of them. */
async function launchLimited(limits: Partial<Limits>, options: Parameters<typeof launchSandbox>[0] = {}) {
  const box = await launchSandbox({ ...options, plan: { limits: { ...roomy, ...limits }, ...options.plan } });
  const told: string[] = [];
  box.sandbox.onLimit((limit) => void told.push(limit));
  return { box, told, [Symbol.asyncDispose]: () => box[Symbol.asyncDispose]() };
}

const memoryHog = "const kept = []; for (;;) kept.push(Buffer.alloc(8 * 1024 ** 2, 1));";

// Where the machine lets us have cgroups they are used; "without cgroups" is what every other machine has.
describe.each([{ cgroups: true }, { cgroups: false }])("limits, cgroups: $cgroups", (mode) => {
  it("names a mechanism for each limit", async () => {
    await using limited = await launchLimited({ cpus: 1 }, mode);
    const { cpu, memory, processes, disk } = limited.box.sandbox.limitMechanisms;
    expect([cpu, memory, processes, disk].filter((name) => name === undefined || name === "")).toEqual([]);
    if (!mode.cgroups) expect([memory, processes].join()).toContain("watchdog");
  });

  it("holds a memory hog, tells it, and the machine and other sandboxes stay well", async () => {
    await using limited = await launchLimited({ memoryBytes: 256 * 1024 ** 2 }, mode);
    await using other = await launchSandbox(mode);
    const { box, told } = limited;
    const hog = await box.run("", { argv: ["node", "-e", memoryHog] });
    expect(hog.exitCode).not.toBe(0);
    expect(told).toEqual(["memory"]);
    expect((await other.run("echo well")).stdout).toBe("well\n");
  });

  it("holds a fork bomb, tells it, and stops it at once", async () => {
    await using limited = await launchLimited({ processes: 60 }, mode);
    const { box, told } = limited;
    const bombed = new Promise<void>((resolve) => box.sandbox.onLimit(() => resolve()));
    const bomb = await box.sandbox.exec({
      argv: ["bash", "-c", "for i in $(seq 2000); do sleep 1000 & done 2>/dev/null; wait"],
    });
    await bombed;
    expect(told).toEqual(["processes"]);
    expect(processesOf(box.stateDir).length).toBeLessThan(2000);
    expect(await box.sandbox.stop()).toEqual({ leftovers: [] });
    expect(processesOf(box.stateDir)).toEqual([]);
    await bomb.ended;
  });

  it("keeps single files and core dumps within bounds", async () => {
    await using limited = await launchLimited({ diskBytes: 16 * 1024 ** 2 }, mode);
    // With a hole in it: 16 megabytes on the disk would be too much for the sandbox as a whole, which is then ended.
    const write = "dd if=/dev/zero of=big bs=1M seek=14 count=6";
    const { stdout } = await limited.box.run(`${write} 2>/dev/null; echo code $?; wc -c <big; ulimit -c`);
    const [code, size, cores] = stdout.trim().split("\n");
    expect(code).not.toBe("code 0");
    expect(Number(size)).toBeLessThanOrEqual(16 * 1024 ** 2);
    expect(cores).toBe("0");
  });
});

describe("a fork bomb in a cgroup", () => {
  it("stays inside and is ended", async () => {
    await using limited = await launchLimited({ processes: 100 });
    const { box } = limited;
    if (!box.sandbox.limitMechanisms.processes?.startsWith("cgroup")) return;
    const bombed = new Promise<void>((resolve) => box.sandbox.onLimit(() => resolve()));
    const bomb = await box.sandbox.exec({ argv: ["bash", "-c", "bomb() { bomb | bomb & }; bomb"] });
    await bombed;
    expect(processesOf(box.stateDir).length).toBeLessThan(110);
    expect(await box.sandbox.stop()).toEqual({ leftovers: [] });
    await bomb.ended;
  });
});

describe("the disk limit", () => {
  const megabytes = (count: number) => ({ diskBytes: count * 1024 ** 2 });

  it.each([
    ["the home", "for i in $(seq 100); do head -c 4M /dev/zero >~/$i; done; sleep 1000"],
    ["/tmp", "for i in $(seq 100); do head -c 4M /dev/zero >/tmp/$i; done; sleep 1000"],
    ["deep folders", "for i in $(seq 100); do mkdir d; cd d; head -c 4M /dev/zero >f; done; sleep 1000"],
    [
      "folders that nobody may read",
      "mkdir h; cd h; for i in $(seq 100); do head -c 4M /dev/zero >$i; done; chmod 0 .; sleep 1000",
    ],
    [
      "files without a name",
      'i=10; while [ $i -lt 40 ]; do eval "exec $i>x"; rm x; head -c 4M /dev/zero >&$i; i=$((i + 1)); done; sleep 1000',
    ],
    [
      "a folder whose name is no text",
      "d=$(printf '\\377'); mkdir $d; cd $d; for i in $(seq 100); do head -c 4M /dev/zero >$d$i; done; sleep 1000",
    ],
    ["very many empty files", "mkdir m; cd m; seq 30000 | xargs touch; sleep 1000"],
  ])("ends a sandbox that fills %s", async (_, script) => {
    await using limited = await launchLimited(megabytes(64));
    const { box, told } = limited;
    const filler = await box.sandbox.exec({ argv: ["bash", "-c", script] });
    expect((await box.sandbox.gone).reason).toContain("disk");
    expect(told).toEqual(["disk"]);
    await filler.ended;
  });

  it("ends a sandbox that fills a private copy of the guard's", async () => {
    using state = temporaryFolder();
    const copy = join(state.path, "guard", "copy");
    mkdirSync(copy, { recursive: true });
    await using limited = await launchLimited(megabytes(64), {
      plan: { stateDir: state.path, workdir: "/copy" },
      view: { mounts: [{ kind: "bind", source: copy, target: "/copy" }] },
    });
    const script = "for i in $(seq 40); do head -c 4M /dev/zero >$i; done; sleep 1000";
    const filler = await limited.box.sandbox.exec({ argv: ["sh", "-c", script] });
    await filler.ended;
    expect(limited.told).toEqual(["disk"]);
  });

  it("counts what the workspace grows by, not what it held", async () => {
    using workspace = temporaryFolder();
    for (let i = 0; i < 20; i += 1) writeFileSync(join(workspace.path, `old-${i}`), Buffer.alloc(4 * 1024 ** 2, 1));
    await using limited = await launchLimited(megabytes(64), {
      plan: { workspace: { mode: "mount", dir: workspace.path }, workdir: workspace.path },
      view: { mounts: [{ kind: "bind", source: workspace.path, target: workspace.path }] },
    });
    const { box, told } = limited;
    const small = "sleep 2.5; for i in $(seq 8); do head -c 4M /dev/zero >ok-$i; done; sleep 1.5; echo fine";
    expect((await box.run(small)).stdout).toBe("fine\n");
    expect(told).toEqual([]);
    const filler = await box.sandbox.exec({
      argv: ["sh", "-c", "for i in $(seq 40); do head -c 4M /dev/zero >new-$i; done; sleep 1000"],
    });
    expect((await box.sandbox.gone).reason).toContain("disk");
    await filler.ended;
  });

  it("lets a sandbox be that deletes what it wrote", async () => {
    await using limited = await launchLimited(megabytes(64));
    const script = "for i in $(seq 60); do head -c 4M /dev/zero >f; rm f; sleep 0.05; done; echo fine";
    expect((await limited.box.run(script)).stdout).toBe("fine\n");
    expect(limited.told).toEqual([]);
  });
});

describe("the CPU limit", () => {
  it("keeps to fewer processors where no cgroup shares them out, and cannot be undone inside", async () => {
    await using limited = await launchLimited({ cpus: 1 }, { cgroups: false });
    const { box } = limited;
    if (box.sandbox.limitMechanisms.cpu === "not limited") return; // One processor is all that the machine has.
    expect((await box.run("nproc; taskset -pc 0-63 $$ >/dev/null 2>&1; nproc")).stdout).toBe("1\n1\n");
  });
});

it("a sandbox's folders can be removed after it ended by a limit", async () => {
  await using limited = await launchLimited({ diskBytes: 16 * 1024 ** 2 });
  const { box } = limited;
  const deep = "for i in $(seq 40); do d=$(printf '%0200d' $i); mkdir $d; cd $d; done; cd";
  await box.run(`mkdir -p h/i; chmod 0 h; ${deep}; for i in $(seq 20); do head -c 1M /dev/zero >$i; done`);
  await box.sandbox.gone;
  await box.sandbox.stop();
  expect(await box.engine.removeScratch(box.stateDir)).toEqual([]);
  rmSync(box.stateDir, { recursive: true });
});
