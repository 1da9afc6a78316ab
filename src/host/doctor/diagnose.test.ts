import { describe, expect, it } from "vitest";
import { diagnose } from "./diagnose.ts";
import type { MachineFacts } from "./machine-facts.ts";
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
      "apt-get",
    ].map((name) => [name, program(name)]),
  ),
  kernelSettings: { maxUserNamespaces: 15_000 },
  sandboxTrial: { ok: true },
  seccomp: true,
  cgroups: { memory: undefined, processes: undefined, cpu: undefined },
  stateFolder: { path: "/home/ada/.local/state/caisson", isWritable: true },
  containerEngines: { docker: none, podman: none },
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
      "use by root",
      "arm64",
    ]);
  });

  it("says of docker and podman that this version has them not, also when they answer", () => {
    const docker = { client: program("docker"), answers: true, at: "/var/run/docker.sock" };
    const facts: MachineFacts = { ...debian, containerEngines: { docker, podman: none } };
    expect(rowOf(facts, "docker")).toMatchObject({
      state: "not in this version",
      detail: expect.stringMatching(/the engine answers/),
    });
    expect(rowOf(facts, "podman")).toMatchObject({
      state: "not in this version",
      detail: expect.stringMatching(/no client found/),
    });
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
    expect(planInstallation(debian, "tests", false)).toEqual({ kind: "nothing" });
  });

  it("installs as root, with bounded waits and without questions", () => {
    const plan = planInstallation({ ...bare, isRoot: true }, "run", false);
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
    const plan = planInstallation({ ...bare, programs, hasFreeSudo: true }, "tests", false);
    expect(plan).toMatchObject({ kind: "install", packages: ["bubblewrap", "git", "curl"] });
    expect(plan.kind === "install" ? plan.commands[0]?.argv.slice(0, 2) : []).toEqual(["/usr/bin/sudo", "-n"]);
  });

  it("lets sudo ask only on a terminal", () => {
    const programs = { ...bare.programs, sudo: program("sudo") };
    expect(planInstallation({ ...bare, programs }, "run", true)).toMatchObject({ kind: "ask" });
    expect(planInstallation({ ...bare, programs }, "run", false)).toMatchObject({
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
    expect(planInstallation({ ...bare, programs, isRoot: true }, "run", false)).toMatchObject({ commandLine: line });
  });
});
