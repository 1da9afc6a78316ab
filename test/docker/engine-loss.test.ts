import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, inject, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const engine = dockerTestEngine(inject("dockerEngine"));
const dockerd = dockerEngineAt(inject("dockerEngine"));

/** Names of all that the engine has of ours. */
async function oursInEngine(): Promise<readonly string[]> {
  const docker = await dockerd.connect();
  const filters = { label: ["caisson.slug"] };
  const [containers, networks, volumes] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters: filters as never }),
    docker.listVolumes({ filters: filters as never }),
  ]);
  return [
    ...containers.flatMap(({ Names }) => Names),
    ...networks.map(({ Name }) => Name),
    ...(volumes.Volumes ?? []).map(({ Name }) => Name),
  ];
}

const slugOf = (cli: TestCli) => readdirSync(join(cli.stateRoot, "sandboxes"))[0] ?? "";
const openOf = (cli: TestCli) => readdirSync(join(cli.stateRoot, "open"));
const metadataOf = (cli: TestCli, slug: string) =>
  JSON.parse(readFileSync(join(cli.stateRoot, "sandboxes", slug, "metadata.json"), "utf8"));
// Not a word that a slug may have: the slug is told first.
const waiting = ["run", "--", "sh", "-c", "echo begun; setsid sleep 600 & sleep 600"];

afterEach(async () => {
  await dockerd.restart();
});

describe("the engine dies in the middle of a run", () => {
  it("is told, the run is interrupted, and when the engine is back a cleanup leaves nothing", async () => {
    await using cli = engine.createCli();
    const running = cli.start(waiting);
    await running.seen("begun");
    const slug = slugOf(cli);
    await dockerd.kill9();
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(6);
    expect(stderr).toContain("the docker engine");
    expect(stderr).toContain("caisson cleanup");
    expect((await cli.run(["ls", "--all", "--json"])).jsonLines()).toMatchObject([{ slug, end: "interrupted" }]);
    const early = await cli.run(["cleanup"]);
    expect(early).toMatchObject({ exitCode: 6, stdout: expect.stringContaining("docker does not answer") });
    await dockerd.restart();
    expect((await cli.run(["cleanup"])).exitCode).toBe(0);
    expect(await oursInEngine()).toEqual([]);
    expect(openOf(cli)).toEqual([]);
    expect(readFileSync(join(cli.stateRoot, "sandboxes", slug, "compose.log"), "utf8")).toContain("begun");
    expect((await cli.run(["run", "--", "echo", "again"])).stdout).toBe("again\n");
  });

  it("and its keeper with it: cleanup finds all of it at the engine's address, whatever DOCKER_HOST says then", async () => {
    await using cli = engine.createCli();
    const slug = (await cli.run(["run", "--detach", ...waiting.slice(1)])).stdout.trim();
    process.kill(metadataOf(cli, slug).keeper.pid, "SIGKILL");
    expect((await cli.run(["cleanup"], { env: { DOCKER_HOST: "unix:///nowhere.sock" } })).exitCode).toBe(0);
    expect(await oursInEngine()).toEqual([]);
  });
});

describe("what nothing on disk tells of any more", () => {
  it("is ended by the cleanup of its own state folder, and by no other's", async () => {
    await using cli = engine.createCli();
    await using other = engine.createCli();
    const slug = (await cli.run(["run", "--detach", ...waiting.slice(1)])).stdout.trim();
    const { pid } = metadataOf(cli, slug).keeper;
    process.kill(pid, "SIGSTOP"); // Or it would end what it has when its folder goes.
    rmSync(join(cli.stateRoot, "sandboxes", slug), { recursive: true });
    rmSync(join(cli.stateRoot, "open", slug));
    try {
      expect((await other.run(["cleanup"])).exitCode).toBe(0);
      expect(await oursInEngine()).toContain(`/caisson-${slug}-agent-1`);
      expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(slug) });
      expect(await oursInEngine()).toEqual([]);
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });
});

describe.each(["gate", "agent"])("the %s's container is killed", (service) => {
  it("ends the run as interrupted and leaves nothing", async () => {
    await using cli = engine.createCli();
    const running = cli.start(waiting);
    await running.seen("begun");
    const docker = await dockerd.connect();
    await docker.getContainer(`caisson-${slugOf(cli)}-${service}-1`).kill();
    const { exitCode, stderr } = await running.ended;
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 6,
      stderr: expect.stringMatching(/✗ (gate|sandbox) +lost/),
    });
    expect(await oursInEngine()).toEqual([]);
    expect(existsSync(join(cli.stateRoot, "open", slugOf(cli)))).toBe(false);
  });
});
