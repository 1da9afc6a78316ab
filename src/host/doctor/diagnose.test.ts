import { describe, expect, it } from "vitest";
import { diagnose } from "./diagnose.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { planEngineStart } from "./plan-engine-start.ts";
import { planInstallation } from "./plan-installation.ts";

const program = (name: string) => ({ path: `/usr/bin/${name}`, version: "1.2.3" });
const none = { answers: false, at: "/var/run/docker.sock" };

/** A Debian machine on which all is well. */
const debian: MachineFacts = {
  platform: "linux",
  arch: "x64",
  kernel: "6.1.0",
  distribution: { id: "debian", name: "Debian GNU/Linux 12" },
  wsl: 0,
  inContainer: false,
  isRoot: false,
  hasFreeSudo: false,
  node: { version: "26.10.0", path: "/usr/bin/node" },
  programs: Object.fromEntries(
    [
      "bwrap",
      "nsenter",
      "prlimit",
      "setsid",
      "git",
      "curl",
      "python3",
      "ip",
      "openssl",
      "gcc",
      "mount",
      "socat",
      "ps",
      "script",
      "dockerd",
      "mmdebstrap",
      "docker-compose",
      "busctl",
      "dbus-daemon",
      "gnome-keyring-daemon",
      "apt-get",
    ].map((name) => [name, program(name)]),
  ),
  kernelSettings: { maxUserNamespaces: 15_000 },
  sandboxTrial: { ok: true },
  seccomp: true,
  cgroups: { memory: undefined, processes: undefined, cpu: undefined },
  scope: { kind: "not wanted" },
  stateFolder: { path: "/home/ada/.local/state/caisson", isWritable: true },
  docker: { address: "unix:///var/run/docker.sock", isSystems: true, problem: "silent" },
  init: "systemd",
  containerEngines: { podman: none },
  agents: [],
};
const refused = { ok: false, detail: "No permissions to create new namespace" } as const;
const without = (...names: readonly string[]) => ({
  programs: { ...debian.programs, ...Object.fromEntries(names.map((name) => [name, undefined])) },
});
const rowOf = (facts: MachineFacts, name: string) => diagnose(facts, "run").rows.find((row) => row.name === name);

describe("diagnose()", () => {
  it("says ready where a sandbox starts", () => {
    expect(diagnose(debian, "tests").isReady).toBe(true);
    expect(rowOf(debian, "local")).toMatchObject({
      state: "ready",
      detail: "bubblewrap 1.2.3 · a trial sandbox started · limits without a cgroup",
    });
  });

  it.each([
    ["bubblewrap is missing", without("bwrap"), "bubblewrap not found", "caisson doctor --fix"],
    [
      "user namespaces are off for ordinary users",
      { sandboxTrial: refused, kernelSettings: { unprivilegedUserNamespaces: 0 } },
      "kernel.unprivileged_userns_clone = 0",
      "kernel.unprivileged_userns_clone=1",
    ],
    [
      "user namespaces are off",
      { sandboxTrial: refused, kernelSettings: { maxUserNamespaces: 0 } },
      "user.max_user_namespaces = 0",
      "user.max_user_namespaces=15000",
    ],
    [
      "Ubuntu's AppArmor rule is on",
      { sandboxTrial: refused, kernelSettings: { apparmorRestrictsUserNamespaces: 1 } },
      "apparmor rule",
      "apparmor_parser",
    ],
    ["it is a container", { sandboxTrial: refused, inContainer: true }, "itself a container", "docker run"],
    ["nothing known explains it", { sandboxTrial: refused }, "No permissions to create new namespace", "bwrap "],
    ["it is WSL 1", { wsl: 1 }, "WSL 1", "wsl --set-version"],
    ["it is macOS", { platform: "darwin" }, "not on macOS", "limactl start"],
    ["it is Windows", { platform: "win32" }, "not on win32", "wsl --install"],
    ["there is no seccomp", { seccomp: false }, "no seccomp filters", "CONFIG_SECCOMP_FILTER"],
  ] as const)("says not ready, why and what to type when %s", (_, change, detail, hint) => {
    const facts: MachineFacts = { ...debian, ...change };
    const row = rowOf(facts, "local");
    expect(row).toMatchObject({ state: "not ready" });
    expect(row?.detail).toContain(detail);
    expect(row?.hint).toContain(hint);
    expect(diagnose(facts, "run").isReady).toBe(false);
  });

  it("is not troubled by settings that do not bind root", () => {
    const kernelSettings = { unprivilegedUserNamespaces: 0, apparmorRestrictsUserNamespaces: 1 };
    expect(diagnose({ ...debian, isRoot: true, kernelSettings }, "run").isReady).toBe(true);
  });

  it("has a row for WSL2 and believes the trial there", () => {
    const facts: MachineFacts = { ...debian, wsl: 2 };
    expect(rowOf(facts, "wsl2")).toMatchObject({ state: "found" });
    expect(diagnose(facts, "run").isReady).toBe(true);
    expect(rowOf(debian, "wsl2")).toMatchObject({ state: "not tested" });
  });

  it("says what was not tested", () => {
    expect(rowOf(debian, "macos")).toMatchObject({ state: "not tested" });
    expect(rowOf(debian, "apparmor rule")).toMatchObject({ state: "not tested" });
    expect(diagnose(debian, "run").untested).toEqual([
      "limits by cgroup v1",
      "limits by cgroup v2",
      "limits in a systemd scope",
      "use by root",
      "arm64",
    ]);
  });

  it("says of podman that this version has it not, also when it answers", () => {
    const podman = { client: program("podman"), answers: true, at: "podman info" };
    expect(rowOf({ ...debian, containerEngines: { podman } }, "podman")).toMatchObject({
      state: "not in this version",
      detail: expect.stringMatching(/the engine answers/),
    });
  });

  const engine = {
    version: "20.10.24+dfsg1",
    storageDriver: "overlay2",
    cgroupVersion: "1",
    runtimes: ["runc", "runsc"],
    lacksLimits: [],
    images: ["claude-code", "gate"],
  };
  const docker = { address: "unix:///var/run/docker.sock", isSystems: true };

  it("says docker ready where the engine answers and has the images, and that an old one lets names out", () => {
    const facts = { ...debian, docker: { ...docker, engine } };
    expect(rowOf(facts, "docker")).toMatchObject({
      state: "ready",
      detail:
        "engine 20.10.24+dfsg1 · no client (none is needed) · overlay2 · cgroup v1 · runtimes runc, runsc · images claude-code, gate",
    });
    expect(rowOf(facts, "docker dns")).toMatchObject({ state: "found", detail: expect.stringContaining("CVE-2024") });
    for (const version of ["23.0.11", "25.0.5", "26.0.0", "28.2.2"]) {
      const newer = { ...debian, docker: { ...docker, engine: { ...engine, version } } };
      expect([version, rowOf(newer, "docker dns")?.state]).toEqual([version, "ready"]);
    }
  });

  it.each([
    ["no image", { ...docker, engine: { ...engine, images: [] } }, "caisson images build"],
    ["the gate alone", { ...docker, engine: { ...engine, images: ["gate"] } }, "caisson images build"],
    ["no answer", { ...docker, problem: "silent" }, "caisson doctor --fix --engine docker"],
    ["a user outside the group", { ...docker, problem: "refused" }, "sudo usermod -aG docker $USER"],
    ["another engine, silent", { address: "tcp://x:1", isSystems: false, problem: "silent" }, "docker context ls"],
    ["an address of no use", { address: "ssh://x", isSystems: false, problem: "unusable" }, "unset DOCKER_HOST"],
  ] as const)("says docker not ready with %s, what to type, and that it is not needed", (_, found, hint) => {
    const facts = { ...debian, docker: found };
    expect(rowOf(facts, "docker")).toMatchObject({ state: "not ready", hint: expect.stringContaining(hint) });
    expect(diagnose(facts, "run").isReady).toBe(true);
  });

  it.each([
    [["v1", "v1", "v1"], false, "cpu, memory, processes by cgroup v1 · disk by watchdog, rlimit of each file"],
    [
      ["v2", "v2", undefined],
      false,
      "cpu by a choice of processors · memory, processes by cgroup v2 · disk by watchdog",
    ],
    [[undefined, undefined, undefined], true, "memory, processes by watchdog"],
    [[undefined, undefined, undefined], false, "processes by rlimit, watchdog"],
  ] as const)("says what keeps limits: %j", ([memory, processes, cpu], isRoot, detail) => {
    expect(rowOf({ ...debian, isRoot, cgroups: { memory, processes, cpu } }, "limits")?.detail).toContain(detail);
  });

  it("says that a systemd scope keeps limits, and why none does", () => {
    const cgroups = { memory: "v2", processes: "v2", cpu: "v2" } as const;
    const entered = { ...debian, cgroups, scope: { kind: "entered", dir: "/c" } } as const;
    expect(rowOf(entered, "limits")?.detail).toContain("cpu, memory, processes by cgroup v2 (systemd scope)");
    const refused = { ...debian, scope: { kind: "refused", why: "nothing listens", lacks: "bus" } } as const;
    expect(rowOf(refused, "limits")).toMatchObject({
      state: "ready",
      detail: expect.stringContaining("no systemd scope, which would do better: nothing listens"),
      hint: expect.stringContaining("dbus-user-session"),
    });
  });

  it("shows credentials by name and agents by version", () => {
    const agents = [
      { name: "pi", program: program("pi"), credentials: [{ variable: "KEY", present: true }] },
      { name: "claude-code", credentials: [{ variable: "KEY", present: false }] },
    ];
    const facts: MachineFacts = { ...debian, agents };
    expect(rowOf(facts, "pi")?.detail).toBe("1.2.3 /usr/bin/pi · credential: KEY is set");
    expect(rowOf(facts, "claude-code")).toMatchObject({ state: "not found", detail: "no credential (KEY)" });
    expect(diagnose(facts, "run").isReady).toBe(true);
  });

  it.each([
    ["an old Node", { node: { version: "20.1.0", path: "/usr/bin/node" } }, "node"],
    ["no git", without("git"), "git"],
    ["a state folder that cannot be written", { stateFolder: { path: "/x", isWritable: false } }, "state"],
  ] as const)("is not ready with %s", (_, change, name) => {
    const facts: MachineFacts = { ...debian, ...change };
    expect(rowOf(facts, name)).toMatchObject({ state: "not ready" });
    expect(diagnose(facts, "run").isReady).toBe(false);
  });

  it("asks for the tools of the tests only for the tests", () => {
    const facts: MachineFacts = { ...debian, ...without("ip") };
    expect(diagnose(facts, "run").isReady).toBe(true);
    expect(diagnose(facts, "tests").rows).toContainEqual(
      expect.objectContaining({ name: "tests", state: "not ready", detail: "missing: ip" }),
    );
  });
});

describe("planInstallation()", () => {
  const bare: MachineFacts = { ...debian, ...without("bwrap", "git", "curl") };

  it("does nothing where nothing is missing", () => {
    expect(planInstallation(debian, "tests", { hasTerminal: false })).toEqual({ kind: "nothing" });
  });

  it("installs as root, with bounded waits and without questions", () => {
    const plan = planInstallation({ ...bare, isRoot: true }, "run", { hasTerminal: false });
    expect(plan).toMatchObject({ kind: "install", packages: ["bubblewrap", "git"] });
    const commands = plan.kind === "install" ? plan.commands : [];
    expect(commands.map(({ argv }) => argv[0])).toEqual(["/usr/bin/apt-get", "/usr/bin/apt-get"]);
    expect(commands.filter(({ argv }) => argv.includes("update"))).toHaveLength(1);
    expect(commands.every(({ argv, seconds }) => argv.includes("DPkg::Lock::Timeout=120") && seconds <= 600)).toBe(
      true,
    );
  });

  it("installs with a sudo that asks nothing", () => {
    const programs = { ...bare.programs, sudo: program("sudo") };
    const plan = planInstallation({ ...bare, programs, hasFreeSudo: true }, "tests", { hasTerminal: false });
    expect(plan).toMatchObject({ kind: "install", packages: ["bubblewrap", "git", "curl"] });
    expect(plan.kind === "install" ? plan.commands[0]?.argv.slice(0, 2) : []).toEqual(["/usr/bin/sudo", "-n"]);
  });

  it("lets sudo ask only on a terminal", () => {
    const programs = { ...bare.programs, sudo: program("sudo") };
    expect(planInstallation({ ...bare, programs }, "run", { hasTerminal: true })).toMatchObject({ kind: "ask" });
    expect(planInstallation({ ...bare, programs }, "run", { hasTerminal: false })).toMatchObject({
      kind: "print",
      commandLine: "sudo apt-get install --yes bubblewrap git",
    });
  });

  it.each([
    ["dnf", "dnf install -y bubblewrap git"],
    ["pacman", "pacman -S --needed bubblewrap git"],
    ["zypper", "zypper install -y bubblewrap git"],
    ["apk", "apk add bubblewrap git"],
  ])("prints what to type with %s", (name, line) => {
    const programs = { ...bare.programs, "apt-get": undefined, [name]: program(name) };
    expect(planInstallation({ ...bare, programs, isRoot: true }, "run", { hasTerminal: false })).toMatchObject({
      commandLine: line,
    });
  });
});

describe("making a docker engine ready", () => {
  const root = { ...debian, isRoot: true, programs: { ...debian.programs, dockerd: program("dockerd") } };
  const install = (facts: MachineFacts, engine?: string) =>
    planInstallation(facts, "run", { hasTerminal: false, engine });

  it("installs one where none is, only if it was asked for and none answers", () => {
    const none = { ...debian, isRoot: true, ...without("dockerd") };
    expect(install(none, "docker")).toMatchObject({ kind: "install", packages: ["docker.io"] });
    expect(install(none)).toEqual({ kind: "nothing" });
    const elsewhere = { address: "tcp://x:1", isSystems: false, problem: "silent" } as const;
    expect(install({ ...none, docker: elsewhere }, "docker")).toEqual({ kind: "nothing" });
  });

  it.each([
    ["systemd", { kind: "command", argv: ["systemctl", "start", "docker"] }],
    ["sysv", { kind: "command", argv: ["service", "docker", "start"] }],
    ["none", { kind: "daemon", argv: ["/usr/bin/dockerd"] }],
  ] as const)("starts it as root with init %s", (init, plan) => {
    expect(planEngineStart({ ...root, init }, false)).toEqual(plan);
  });

  it("says what to type where it may not, and does nothing where it would not help", () => {
    const user = { ...root, isRoot: false, programs: { ...root.programs, sudo: program("sudo") } };
    expect(planEngineStart(user, false)).toEqual({ kind: "print", commandLine: "sudo systemctl start docker" });
    expect(planEngineStart(user, true)).toMatchObject({ kind: "command", argv: expect.arrayContaining(["systemctl"]) });
    expect(planEngineStart({ ...user, init: "none" }, true)).toMatchObject({ kind: "print" });
    const refused = { ...root.docker, problem: "refused" } as const;
    expect(planEngineStart({ ...root, docker: refused }, true)).toEqual({ kind: "nothing" });
  });
});
