import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createTestCli } from "../kit/cli.ts";

const metadataOf = (slug: string) => ({
  version: 1,
  slug,
  engine: "local",
  compose_project: `caisson-${slug}`,
  agent: "command",
  provider: "command",
  modelSource: "live",
  workspace: { mode: "none" },
  policyHash: "",
  startedAt: "2026-01-01T00:00:00.000Z",
  keeper: { pid: 1, startTicks: "0", bootId: "of another boot" },
});
const root = resolve(import.meta.dirname, "../..");
const launcher = join(root, "bin/caisson");

describe("caisson", () => {
  it("lists its commands, with --help and without anything", async () => {
    await using cli = createTestCli();
    const help = await cli.run(["--help"]);
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toMatch(/^Usage: caisson COMMAND/);
    expect((await cli.run([])).stdout).toBe(help.stdout);
    expect((await cli.run(["--help", "--json"])).json()).toMatchObject({ commands: expect.any(Array) });
  });

  it("explains every command with an example and its exit codes", async () => {
    await using cli = createTestCli();
    const { commands } = (await cli.run(["--json"])).json<{ commands: { name: string }[] }>();
    for (const { name } of commands) {
      const { stdout, exitCode } = await cli.run([...name.split(" "), "--help"]);
      expect(stdout).toMatch(/Usage: caisson [\s\S]*--json[\s\S]*Examples:\n {2}\S[\s\S]*Exit codes:\n {2}0 /);
      expect(exitCode).toBe(0);
    }
  });

  it("answers a mistyped command or option with what was meant, and exits 2", async () => {
    await using cli = createTestCli();
    expect(await cli.run(["inspcet"])).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: 'Unknown command "inspcet"\nhint: did you mean caisson inspect?  caisson --help\n',
    });
    expect(await cli.run(["ls", "--al"])).toMatchObject({
      exitCode: 2,
      stderr: 'Unknown option "--al" of caisson ls\nhint: did you mean --all?  caisson ls --help\n',
    });
    const wrong = await cli.run(["logs", "--tail", "many", "x"]);
    expect(wrong.stderr).toBe('Cannot read --tail "many": expected a number above 0\nhint: caisson logs --help\n');
    expect(wrong.exitCode).toBe(2);
  });

  it("gives failures as one JSON object with --json, and nothing else anywhere", async () => {
    await using cli = createTestCli();
    const { stdout, stderr, exitCode } = await cli.run(["inspect", "no-such", "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "sandbox_not_found",
        message: 'Cannot find sandbox "no-such"',
        hint: "caisson ls --all",
        exit: 3,
        data: { slug: "no-such" },
      },
    });
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 3 });
  });

  it("tells a bug with its stack and where it was written, and exits 70", async () => {
    await using cli = createTestCli();
    // A folder in the place of its log: nothing expects that.
    const slug = "brisk-otter-00000";
    mkdirSync(join(cli.stateRoot, "sandboxes", slug, "compose.log"), { recursive: true });
    writeFileSync(join(cli.stateRoot, "sandboxes", slug, "metadata.json"), JSON.stringify(metadataOf(slug)));
    const { stderr, exitCode } = await cli.run(["logs", slug]);
    expect(stderr).toMatch(/^bug in Caisson: [\s\S]*\n {4}at [\s\S]*written to .*bug\.log\n$/);
    expect(exitCode).toBe(70);
    expect(existsSync(join(cli.stateRoot, "bug.log"))).toBe(true);
  });

  it("writes a manifest once, and says why where it cannot", async () => {
    await using cli = createTestCli();
    const file = join(cli.configDir, "caisson.yaml");
    expect(await cli.run(["init", file])).toMatchObject({ exitCode: 0, stdout: `wrote ${file}\n` });
    expect(await cli.run(["policy", "check", file])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^well-formed: 0 agents/),
    });
    expect(await cli.run(["init", file])).toMatchObject({
      exitCode: 7,
      stderr: expect.stringMatching(/it is there already/),
    });
    expect(await cli.run(["init", "/proc/no/such/place"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/ENOENT/),
    });
  });

  it("says so where the folder that it was called in is gone", () => {
    const gone = mkdtempSync(join(tmpdir(), "caisson-gone-"));
    const { status, stderr } = spawnSync("sh", ["-c", 'cd "$1" && rmdir "$1" && exec "$0" ls', launcher, gone], {
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: expect.stringMatching(/^Cannot tell where you are: .*\nhint: cd /m),
    });
  });

  it("is quiet when its reader goes away", () => {
    const { stderr, stdout } = spawnSync("bash", ["-c", `"${launcher}" init | head -n 1`], { encoding: "utf8" });
    expect({ stderr, lines: stdout.split("\n").length }).toEqual({ stderr: "", lines: 2 });
  });

  it("prints no colour without a terminal", async () => {
    await using cli = createTestCli();
    const { stdout } = await cli.run(["doctor"], { env: { FORCE_COLOR: "1", TERM: "xterm" } });
    expect(stdout).not.toContain("\u001b");
  });
});

describe("bin/caisson", () => {
  it("works through links, from a folder with a space, by PATH and by a bare name", () => {
    const folder = mkdtempSync(join(tmpdir(), "link to "));
    try {
      mkdirSync(join(folder, "a"));
      symlinkSync(launcher, join(folder, "a/caisson"));
      symlinkSync("a/caisson", join(folder, "caisson"));
      const call = (command: string, env = {}) =>
        spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } }).stdout;
      const version = call("./caisson --version");
      expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
      expect(call("sh caisson --version")).toBe(version);
      expect(call("caisson --version", { PATH: `${folder}:${process.env.PATH}` })).toBe(version);
      expect(call(`cd / && '${folder}/a/caisson' --version`)).toBe(version);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("starts where its cache cannot be written, and without a home", () => {
    const { HOME: _home, ...env } = process.env;
    const call = (extra: NodeJS.ProcessEnv) =>
      spawnSync(launcher, ["--version"], {
        encoding: "utf8",
        env: { ...env, NODE_COMPILE_CACHE: undefined, ...extra },
      });
    for (const extra of [{}, { HOME: "/dev/null" }, { HOME: "/nonexistent" }, { XDG_CACHE_HOME: "/dev/null/no" }]) {
      const { status, stderr } = call(extra);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    }
  });

  it("runs from source when a source is newer than the bundle", () => {
    const copy = mkdtempSync(join(tmpdir(), "caisson "));
    try {
      for (const part of ["bin", "src", "package.json"])
        cpSync(join(root, part), join(copy, part), { recursive: true });
      symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
      const version = () => spawnSync(join(copy, "bin/caisson"), ["--version"], { encoding: "utf8" }).stdout.trim();
      const built = spawnSync(process.execPath, [join(copy, "bin/build.ts")], { encoding: "utf8" });
      expect(built.stderr).toBe("");
      writeFileSync(join(copy, "dist/cli.cjs"), 'console.log("bundle")');
      expect(version()).toBe("bundle");
      writeFileSync(join(copy, "src/base/version.ts"), 'export const version = "source";\n');
      expect(version()).toBe("source");
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  it("says what to do where there is no Node that is new enough", () => {
    const copy = mkdtempSync(join(tmpdir(), "caisson "));
    try {
      cpSync(join(root, "bin"), join(copy, "bin"), { recursive: true });
      writeFileSync(join(copy, "bin/node"), "#!/bin/sh\necho v20.20.2\n", { mode: 0o755 });
      const env = { ...process.env, PATH: `${join(copy, "bin")}:/usr/bin:/bin` };
      const { status, stderr } = spawnSync(join(copy, "bin/caisson"), [], { encoding: "utf8", env });
      expect({ status, stderr }).toEqual({
        status: 4,
        stderr:
          "Cannot start Caisson: it needs Node 24 or newer, found v20.20.2\nhint: npm ci   (in Caisson's folder: it brings one)\n",
      });
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
