import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTestCli, launcher, type TestCli } from "../kit/cli.ts";

const matching = (pattern: RegExp) => expect.stringMatching(pattern);

describe("setting up", () => {
  it("doctor says ready where a sandbox starts, a row for each engine, and which are not in this version", async () => {
    await using cli = createTestCli();
    const { stdout, exitCode } = await cli.run(["doctor", "--json"]);
    const { ready, rows } = JSON.parse(stdout) as { ready: boolean; rows: { name: string; state: string }[] };
    const states = Object.fromEntries(rows.map(({ name, state }) => [name, state]));
    expect({ ready, exitCode }).toEqual({ ready: true, exitCode: 0 });
    expect(states).toMatchObject({ local: "ready", podman: "not in this version" });
    expect(["ready", "not ready"]).toContain(states.docker);
    const env = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    expect(await cli.run(["doctor", "--engine", "docker"], { env })).toMatchObject({ exitCode: 4 });
  });

  it("doctor says what is missing and what to type, where it may not install it", async () => {
    await using cli = createTestCli();
    // A machine on which nothing is found: an empty PATH. Node is the launcher's own.
    const nowhere = join(cli.home, "empty");
    mkdirSync(nowhere);
    const { stdout, stderr, exitCode } = await cli.run(["doctor", "--fix"], { env: { PATH: nowhere } });
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^missing: bubblewrap, .*To install:\n {2}\S+/);
    expect(stdout).toMatch(/ {2}local +not ready +bubblewrap not found\n +hint: caisson doctor --fix/);
  });

  it("doctor --fix as root installs by apt: lists once, then packages, nothing asked, every wait bounded", async () => {
    await using cli = createTestCli();
    const log = join(cli.home, "log");
    const programs = join(cli.home, "programs");
    mkdirSync(programs);
    const apt = `#!/bin/sh\n[ "$1" = --version ] || echo "$DEBIAN_FRONTEND $*" >>'${log}'\n`;
    writeFileSync(join(programs, "apt-get"), apt, { mode: 0o755 });
    // Told that it is root by a namespace: the same for whoever runs the tests.
    const inside = ["--user", "--map-root-user", launcher, "doctor", "--fix"];
    const { status, stderr } = spawnSync("/usr/bin/unshare", inside, {
      encoding: "utf8",
      input: "",
      env: { ...cli.environment, PATH: programs },
    });
    expect(stderr).toMatch(
      /^will install with apt: bubblewrap, util-linux, mount, git\n\$ .*apt-get .*update\n\$ .*apt-get .*install/,
    );
    expect(status).toBe(4);
    const [update, install, ...rest] = readFileSync(log, "utf8").trim().split("\n");
    expect(update).toMatch(/^noninteractive .*DPkg::Lock::Timeout=120 .*update$/);
    expect(install).toMatch(
      /^noninteractive .* install --yes --no-install-recommends bubblewrap util-linux mount git$/,
    );
    expect(rest).toEqual([]);
  });

  it("agents lists providers and manifests' agents with what they lack; a broken one does not hide the others", async () => {
    await using cli = createTestCli();
    writeManifest(cli, "agents:\n  reviewer: { provider: claude-code, model: x }\n  broken: { provider: nobody }\n");
    const rows = (await cli.run(["agents", "--json"], { env: { ANTHROPIC_API_KEY: "sk-value" } })).jsonLines();
    expect(rows).toMatchObject([
      { name: "reviewer", provider: "claude-code", model: "x", lacks: [] },
      { name: "broken", lacks: [{ problem: matching(/no provider "nobody"/) }] },
      {
        name: "claude-code",
        credentials: expect.arrayContaining([expect.objectContaining({ variable: "ANTHROPIC_API_KEY", isSet: true })]),
      },
      ...["pi", "codex", "copilot", "opencode"].map((name) => ({ name })),
    ]);
    expect(JSON.stringify(rows)).not.toContain("sk-value");
    const bare = (await cli.run(["agents"])).stdout;
    expect(bare).toMatch(/claude-code +not ready[\s\S]*no credential found[\s\S]*hint: caisson login claude-code/);
  });

  it("policy explain tells where each rule comes from, and what a request would meet", async () => {
    await using cli = createTestCli();
    writeManifest(cli, "routes:\n  - host: docs.acme.example\n    paths: [/api]\nlimits: { cpus: 1 }\n");
    const { stdout } = await cli.run(["policy", "explain", "--memory", "1g"]);
    expect(stdout).toMatch(/route +docs\.acme\.example \(\/api\/\*\*\) +\(\S*caisson\.yaml:2\)/);
    expect(stdout).toMatch(/limit +1 cpu +\(\S*caisson\.yaml:4\)\n.*limit +1 GB of memory +\(--memory\)/);
    const explain = (url: string, ...more: string[]) => cli.run(["policy", "explain", "--url", url, ...more]);
    expect(await explain("https://docs.acme.example/api/x")).toMatchObject({
      exitCode: 0,
      stdout: matching(/allowed/),
    });
    expect(await explain("https://docs.acme.example/other")).toMatchObject({
      exitCode: 5,
      stdout: matching(/not this path/),
    });
    const other = await explain("https://other.example/", "--json");
    expect(other.json()).toMatchObject({ allow: false, rule: "no-route", tried: [{ outcome: "host" }] });
    expect(existsSync(cli.stateRoot)).toBe(false);
  });

  it("policy check names file, line and column of a mistake", async () => {
    await using cli = createTestCli();
    writeFileSync(join(cli.workspace, "caisson.yaml"), "routes:\n  - hots: x\n");
    const { exitCode, stderr } = await cli.run(["policy", "check"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^Cannot read manifest: caisson\.yaml:2:\d+: /);
  });

  it("init's manifest is well-formed and can be run with", async () => {
    await using cli = createTestCli();
    const file = join(cli.workspace, "own.yaml");
    await cli.run(["init", file]);
    expect(readFileSync(file, "utf8")).toMatch(/^# yaml-language-server: \$schema=\/.*\/schema\/manifest\.json\n/);
    expect(await cli.run(["run", "--manifest", "own.yaml", "--", "true"])).toMatchObject({ exitCode: 0 });
  });
});

describe("what is not in this version", () => {
  it.each([[["--engine", "podman"]], [["--budget", "5$"]]])("run %j says so and starts nothing", async (options) => {
    await using cli = createTestCli();
    expect(await cli.run(["run", ...options, "--", "true"])).toMatchObject({
      exitCode: 4,
      stdout: "",
      stderr: matching(/^Cannot use .*: not in this version\nhint: \S/),
    });
    expect((await cli.run(["ls", "--all", "--json"])).stdout).toBe("");
  });
});

function writeManifest(cli: TestCli, text: string): void {
  mkdirSync(cli.configDir, { recursive: true });
  writeFileSync(join(cli.configDir, "caisson.yaml"), text);
}
