import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finish, launchSandbox, processesOf, type TestSandbox, temporaryFolder } from "./local-kit.ts";

describe("a sandbox", () => {
  let box: TestSandbox;
  beforeAll(async () => {
    box = await launchSandbox({ plan: { environment: { GREETING: "hello" } } });
  });
  afterAll(() => box[Symbol.asyncDispose]());

  it("has namespaces of its own, and each command a user namespace below", async () => {
    const kinds = ["user", "pid", "ipc", "uts", "net", "cgroup", "mnt"];
    const { stdout } = await box.run(kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join(";"));
    const inside = stdout.trim().split("\n");
    const outside = kinds.map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
    const { init } = box.prepared.facts;
    const ofInit = kinds.map((kind) => readlinkSync(`/proc/${init?.pid}/ns/${kind}`));
    expect(inside.length).toBe(kinds.length);
    for (const [index, name] of inside.entries()) expect(name).not.toBe(outside[index]);
    expect(inside[0]).not.toBe(ofInit[0]);
    expect(inside.slice(1, 6)).toEqual(ofInit.slice(1, 6));
  });

  it("runs commands as an unprivileged user without capabilities, filtered, with no way to gain more", async () => {
    const { stdout } = await box.run("id -u; id -un; grep -E '^(Cap|NoNewPrivs|Seccomp):?' /proc/self/status");
    expect(stdout.split("\n").slice(0, 2)).toEqual(["1000", "agent"]);
    for (const set of stdout.matchAll(/^Cap\w+:\s*(\w+)/gm)) expect(set[1]).toBe("0000000000000000");
    expect(stdout).toMatch(/NoNewPrivs:\s*1/);
    expect(stdout).toMatch(/Seccomp:\s*2/);
  });

  it("lets the agent's processes go first when the machine is short of memory, and dump no core", async () => {
    expect((await box.run("cat /proc/self/oom_score_adj; ulimit -c; ulimit -Hc")).stdout).toBe("500\n0\n0\n");
  });

  it("has an environment built from nothing", async () => {
    const { stdout } = await box.run("env");
    const names = stdout.split("\n").map((line) => line.split("=")[0]);
    expect(stdout).toContain("GREETING=hello");
    expect(stdout).toContain("HTTPS_PROXY=http://127.0.0.1:3128");
    for (const name of ["VITEST", "TEST", "NODE_ENV", "SUDO_USER", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS"])
      expect(names).not.toContain(name);
  });

  it("inherits no descriptor of ours", async () => {
    const { stdout } = await box.run("ls -l /proc/self/fd");
    const others = [...stdout.matchAll(/ (\d+) -> (.*)$/gm)].filter(([, fd]) => Number(fd) > 2).map(([, , to]) => to);
    // `/dev/null` covers what we inherited ourselves; the folder itself is open because it is being listed.
    expect(others.filter((target) => target !== "/dev/null" && !target?.startsWith("/proc/"))).toEqual([]);
  });

  it("shows nothing of the host: no home, no run folder, no sysfs, no user, no resolver", async () => {
    // A clone of ours may lie in root's home: then that folder is there, with the way to our tools alone.
    const hidden = ["/sys", "/root", "/mnt", "/etc/resolv.conf", "/etc/shadow"];
    const absent = hidden.filter((path) => !process.execPath.startsWith(`${path}/`));
    const { stdout } = await box.run(`ls / /home /run; ls ${absent.join(" ")} 2>&1; cat /etc/passwd`);
    expect(stdout).toContain("agent");
    expect(stdout).not.toContain(readFileSync("/etc/passwd", "utf8").split("\n")[1]);
    expect(stdout.match(/No such file/g)?.length).toBe(absent.length);
    expect((await box.run("ls /run")).stdout.trim()).toBe("caisson");
  });

  it("lets nothing be written but home, /tmp and shared memory", async () => {
    const folders = ["/", "/usr", "/etc", "/run", "/run/caisson", "/dev", "/var", "/proc/sys/kernel"];
    const tries = folders.map((dir) => `touch ${dir}/planted 2>/dev/null && echo ${dir}`).join(";");
    expect((await box.run(tries)).stdout).toBe("");
    expect((await box.run("touch ~/x /tmp/x /dev/shm/x && echo all")).stdout).toBe("all\n");
  });

  it("has a home and a /tmp that all commands share and the host keeps private", async () => {
    await box.run("echo kept > ~/note; echo too > /tmp/note");
    expect((await box.run("cat ~/note /tmp/note")).stdout).toBe("kept\ntoo\n");
    expect(existsSync("/tmp/note")).toBe(false);
    expect(statSync(join(box.stateDir, "private/home/note")).uid).toBe(process.getuid?.());
    expect(statSync(join(box.stateDir, "private")).mode & 0o777).toBe(0o700);
  });

  it("answers names of its own only, at once", async () => {
    const { stdout } = await box.run("hostname; getent hosts localhost; getent hosts example.org || echo none");
    expect(stdout).toMatch(/^part\n/);
    expect(stdout).toContain("none");
  });

  it("passes input, output, exit codes and signals through", async () => {
    const cat = await finish(await box.sandbox.exec({ argv: ["cat"] }), "to and fro");
    expect(cat).toMatchObject({ stdout: "to and fro", exitCode: 0 });
    expect(await box.run("echo out; echo err >&2; exit 42")).toMatchObject({
      stdout: "out\n",
      stderr: "err\n",
      exitCode: 42,
    });
    expect((await box.run("kill -TERM $$")).exitCode).toBe(128 + 15);
  });

  it("gives a command streams that it can open again by name", async () => {
    const result = await box.run("echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin; echo end");
    expect(result).toMatchObject({ stdout: "out\nend\n", stderr: "err\n", exitCode: 0 });
  });

  it("signals the command and what it started", async () => {
    const running = await box.sandbox.exec({
      argv: ["/bin/sh", "-c", "trap 'echo got it; exit 7' INT; echo ready; while :; do sleep 0.05; done"],
    });
    running.onOutput((_, bytes) => {
      if (Buffer.from(bytes).toString().includes("ready")) running.kill("SIGINT");
    });
    expect((await running.ended).exitCode).toBe(7);
  });

  it("fails clearly when the command or the folder is not there", async () => {
    const missing = await finish(await box.sandbox.exec({ argv: ["no-such-program"] }));
    expect(missing.exitCode).not.toBe(0);
    expect(missing.stderr).toContain("no-such-program");
    expect((await box.run("pwd", { workdir: "/no/such" })).stderr).toContain("/no/such");
  });

  it("passes 10 MB of errors and stays well", async () => {
    const result = await box.run("head -c 10485760 /dev/zero | tr '\\0' x >&2; echo done");
    expect(result.stderr.length).toBe(10 * 1024 ** 2);
    expect(result.stdout).toBe("done\n");
  });

  it("stops reading while paused: a slow reader holds the command back, not our memory", async () => {
    const running = await box.sandbox.exec({ argv: ["sh", "-c", "head -c 8388608 /dev/zero; echo end >&2"] });
    let bytes = 0;
    let bytesAtPause: number | undefined;
    const paused = new Promise<void>((resolve) => {
      running.onOutput((stream, chunk) => {
        if (stream === "stdout") bytes += chunk.length;
        if (bytesAtPause !== undefined || bytes < 65_536) return;
        running.pause();
        bytesAtPause = bytes;
        resolve();
      });
    });
    await paused;
    // Another command runs its course meanwhile: time enough for 8 MB, were they read.
    await box.run("true");
    expect(bytes).toBe(bytesAtPause);
    running.resume();
    expect((await running.ended).exitCode).toBe(0);
    expect(bytes).toBe(8 * 1024 ** 2);
  });

  it("tells the end of a command although a daemon of its holds the output", async () => {
    const result = await box.run("setsid sleep 1000 & echo started");
    expect(result).toMatchObject({ stdout: "started\n", exitCode: 0 });
  });
});

describe("a tool of the person's", () => {
  it.each([
    ["below a hidden folder of the home, through links", ".local/bin", ".local/share/tool/versions/1.0"],
    ["of a version manager", ".nvm/versions/node/v1/bin", ".nvm/versions/node/v1/lib/tool"],
  ])("%s runs inside, under the path that the person knows, and cannot be changed", async (_, bin, real) => {
    using home = temporaryFolder();
    mkdirSync(join(home.path, bin), { recursive: true });
    mkdirSync(join(home.path, real), { recursive: true });
    writeFileSync(join(home.path, real, "tool"), "#!/bin/sh\necho tool of $0\n", { mode: 0o755 });
    symlinkSync(join(home.path, real, "tool"), join(home.path, bin, "tool"));
    writeFileSync(join(home.path, "secret"), "secret");
    const toolDirs = [join(home.path, bin), join(home.path, real)];
    await using box = await launchSandbox({ plan: { toolDirs, path: [join(home.path, bin), "/usr/bin", "/bin"] } });
    const { stdout } = await box.run(
      `tool; ls -A ${home.path}; echo x >${home.path}/${real}/tool; cat ${home.path}/secret`,
    );
    expect(stdout).toContain(`tool of ${home.path}/${bin}/tool`);
    expect(stdout).not.toContain("secret");
    expect(readFileSync(join(home.path, real, "tool"), "utf8")).toContain("tool of");
  });
});

describe("a sandbox with a workspace", () => {
  it("keeps files the person's, under the workspace's own path, and mounts what the plan says", async () => {
    using workspace = temporaryFolder();
    using data = temporaryFolder();
    mkdirSync(join(workspace.path, "src"));
    writeFileSync(join(data.path, "fact"), "42");
    await using box = await launchSandbox({
      plan: {
        workspace: { mode: "mount", dir: workspace.path },
        workdir: workspace.path,
        mounts: [{ source: data.path, target: "/data", writable: false }],
      },
      view: { mounts: [{ kind: "bind", source: workspace.path, target: workspace.path }] },
    });
    const { stdout } = await box.run("pwd; echo new > src/made; cat /data/fact; touch /data/x 2>&1");
    expect(stdout).toContain(`${workspace.path}\n42`);
    expect(stdout).toContain("Read-only");
    expect(statSync(join(workspace.path, "src/made")).uid).toBe(process.getuid?.());
  });

  it("sees no other sandbox", async () => {
    await using one = await launchSandbox();
    await using other = await launchSandbox();
    await one.run("echo secret > ~/mine; sleep 1000 >/dev/null 2>&1 &");
    const { stdout } = await other.run(`ls ~ ${one.stateDir} 2>&1; ps -A -o args`);
    expect(stdout).not.toContain("mine");
    expect(stdout).not.toContain("sleep 1000");
    expect(stdout).toContain("No such file");
  });
});

it("that cannot make a mount says which, be it before or after there are namespaces", async () => {
  const source = "/nothing-of-this-name";
  const launch = async () => {
    await using box = await launchSandbox({ view: { mounts: [{ kind: "bind", source, target: "/there" }] } });
    await expect(box.run("true")).rejects.toMatchObject({ code: "local_exec_failed" });
    await box.sandbox.gone;
    expect(processesOf(box.stateDir)).toEqual([]);
    await box.prepared.openListener(3128);
  };
  await expect(launch()).rejects.toMatchObject({
    code: "local_holder_failed",
    message: expect.stringContaining(source),
  });
});

// Bash makes no pipe of an empty here-document.
it.each(["/bin/sh", "/bin/bash"])("started by %s, a command has three pipes that it can open again", async (sh) => {
  await using box = await launchSandbox({ sh });
  // Counted from a file: a pipeline's shell has its own pipe open for as long as it starts the pipeline.
  const count = "ls -l /proc/$$/fd >/tmp/open; grep -c pipe: /tmp/open";
  const running = await box.sandbox.exec({
    argv: ["/bin/sh", "-c", `cat; echo out >/dev/stdout; echo err >/dev/stderr; ${count}`],
  });
  const { stdout, stderr } = await finish(running, "in\n");
  expect(stdout).toBe("in\nout\n3\n");
  expect(stderr).toBe("err\n");
});

// An ordinary user's devices cannot be changed in the first place.
const itAsRoot = process.getuid?.() === 0 ? it : undefined;
itAsRoot?.each([
  ["Perl", true],
  ["mount", false],
])("run by root, its devices can be used and not changed, by %s", async (_, perl) => {
  await using box = await launchSandbox({ perl });
  const nodes = "null|zero|full|random|urandom|tty";
  const sealed = await box.run(
    `grep -E ' /dev/(${nodes}) ' /proc/self/mountinfo | grep -cv ' ro,'; head -c 1 /dev/zero | wc -c`,
  );
  expect(sealed.stdout.split("\n")).toEqual(["0", "1", ""]);
});
