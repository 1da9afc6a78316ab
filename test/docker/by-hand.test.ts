import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { inEngine } from "../kit/docker-leftovers.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const name = inject("dockerEngine");
const engine = dockerTestEngine(name);
const { dockerHost, hang } = dockerEngineAt(name);

describe("a person who uses docker-compose on a run", () => {
  it("sees it, and ends it: the run is told as interrupted, and nothing has to be cleaned up", async () => {
    await using cli = engine.createCli();
    const running = cli.start(["run", "--", "sh", "-c", "echo begun; sleep 600"]);
    await running.seen("begun");
    const [slug = ""] = readdirSync(join(cli.stateRoot, "sandboxes"));
    const state = join(cli.stateRoot, "sandboxes", slug);
    const compose = (...argv: readonly string[]) =>
      execFileSync("docker-compose", ["-p", `caisson-${slug}`, ...argv], {
        cwd: state,
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: cli.home, DOCKER_HOST: dockerHost },
        stdio: ["ignore", "pipe", "pipe"],
      });
    expect(compose("ps")).toMatch(new RegExp(`caisson-${slug}-agent-1 .* Up`));
    compose("logs", "--no-color");
    compose("down", "--timeout", "2");
    expect((await running.ended).exitCode).toBe(6);
    expect((await cli.run(["ls", "--all", "--json"])).jsonLines()).toMatchObject([{ slug, end: "interrupted" }]);
    expect(readdirSync(join(cli.stateRoot, "open"))).toEqual([]);
    expect((await cli.run(["cleanup"])).stdout).not.toContain(slug);
    expect(await inEngine(name, (thing) => thing.includes(slug))).toEqual([]);
    expect(readFileSync(join(state, "compose.log"), "utf8")).toMatch(/^\d{4}-[\d-]+T[\d:.]+Z stdout \| begun$/m);
  });
});

describe("an engine that hangs", () => {
  it("is waited for by a run that asked for docker", async () => {
    await using cli = engine.createCli();
    const hanging = hang();
    const running = cli.start(["run", "--engine", "docker", "--", "echo", "late"]);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    hanging[Symbol.dispose]();
    expect(await running.ended).toMatchObject({ exitCode: 0, stdout: "late\n" });
  });

  it("is given up by a cleanup, which says so and finishes when the engine answers again; twice is once", async () => {
    await using cli = engine.createCli();
    const command = ["--", "sh", "-c", "echo begun; sleep 600"];
    const slug = (await cli.run(["run", "--detach", ...command])).stdout.trim();
    const state = join(cli.stateRoot, "sandboxes", slug);
    await expect.poll(() => readFileSync(join(state, "compose.log"), "utf8")).toContain("begun");
    const { keeper } = JSON.parse(readFileSync(join(state, "metadata.json"), "utf8")) as { keeper: { pid: number } };
    process.kill(keeper.pid, "SIGKILL");
    {
      using _hanging = hang();
      const cleanup = await cli.run(["cleanup"]);
      expect(cleanup).toMatchObject({ exitCode: 6, stdout: expect.stringContaining("docker does not answer") });
      expect(readdirSync(join(cli.stateRoot, "open"))).toEqual([slug]);
    }
    const twice = await Promise.all([cli.run(["cleanup"]), cli.run(["cleanup"])]);
    expect(twice.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(readdirSync(join(cli.stateRoot, "open"))).toEqual([]);
    expect(await inEngine(name, (thing) => thing.includes(slug))).toEqual([]);
    const events = readFileSync(join(state, "events.jsonl"), "utf8");
    expect(events.match(/"run_completed"/g)).toHaveLength(1);
    expect(readFileSync(join(state, "compose.log"), "utf8")).toContain("begun");
  });
});
