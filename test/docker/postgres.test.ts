import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { postgresImage, providePostgres } from "../kit/postgres-image.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const name = inject("dockerEngine");
const engine = dockerTestEngine(name);
let docker: Docker;
beforeAll(async () => {
  await providePostgres(name);
  docker = await dockerEngineAt(name).connect();
}, 600_000);

function writeManifest(cli: TestCli, db: object = {}): string {
  const service = {
    image: postgresImage,
    environment: { POSTGRES_PASSWORD: "local-only" },
    health: { test: ["pg_isready", "-h", "127.0.0.1", "-U", "postgres"], interval: "1s", timeout: "5s", retries: 50 },
    ...db,
  };
  const environment = { DATABASE_URL: "postgres://postgres:local-only@db/postgres" };
  const file = join(cli.home, "own.yaml");
  writeFileSync(file, JSON.stringify({ image: postgresImage, environment, services: { db: service } }));
  return file;
}

const sql =
  "create table hulls (name text, depth int); insert into hulls values ('otter', 7), ('seal', 40); select name || ' ' || depth from hulls order by depth";

describe("a PostgreSQL beside the agent", () => {
  it("is there when the agent starts, by name and DATABASE_URL; nothing of it is left afterwards", async () => {
    await using cli = engine.createCli();
    const file = writeManifest(cli);
    const script = `psql "$DATABASE_URL" -At -c "${sql}" && psql "$DATABASE_URL" -Atc "show data_directory" && ls /var/lib/postgresql`;
    const run = await cli.run(["run", "--manifest", file, "--", "sh", "-c", script]);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    // Its data is in its own container: the agent's, of the same image, has none.
    expect(run.stdout).toContain("otter 7\nseal 40\n/var/lib/postgresql/data\n");
    expect((await docker.listContainers({ all: true })).flatMap(({ Names }) => Names)).toEqual([]);
    expect((await docker.listVolumes()).Volumes ?? []).toEqual([]);
  });

  it("wants its password, runs as its own user, and has no capability that it does not need", async () => {
    await using cli = engine.createCli();
    const file = writeManifest(cli);
    const run = await cli.run(["run", "--detach", "--manifest", file, "--", "sleep", "600"]);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    const slug = run.stdout.trim();
    const wrong = ["sh", "-c", 'PGPASSWORD=guess psql -h db -U postgres -c "select 1"'];
    expect((await cli.run(["exec", slug, "--", ...wrong])).stderr).toContain("password authentication failed");
    const db = docker.getContainer(`caisson-${slug}-db-1`);
    const { Titles, Processes } = (await db.top()) as unknown as { Titles: string[]; Processes: string[][] };
    // Without the engine's own questions for its health, one each second: they come from outside, as root.
    const own = Processes.filter((row) => !/pg_isready|runc/.test(row[Titles.indexOf("CMD")] ?? ""));
    expect(own.length).toBeGreaterThan(0);
    expect(own.map((row) => row[Titles.indexOf("UID")])).not.toContain("root");
    const { HostConfig } = await db.inspect();
    expect(HostConfig.CapDrop).toEqual(["ALL"]);
    expect(HostConfig.CapAdd?.map((cap: string) => cap.replace("CAP_", "")).sort()).toEqual([
      "CHOWN",
      "DAC_OVERRIDE",
      "FOWNER",
      "SETGID",
      "SETUID",
    ]);
  });

  it("that lacks what it needs fails the launch with its last lines, and leaves nothing", async () => {
    await using cli = engine.createCli();
    const file = writeManifest(cli, { environment: {} });
    const run = await cli.run(["run", "--manifest", file, "--", "true"]);
    expect(run.exitCode).toBe(6);
    expect(run.stderr).toContain("POSTGRES_PASSWORD is not said");
    expect((await docker.listContainers({ all: true })).flatMap(({ Names }) => Names)).toEqual([]);
  });

  it("is refused by the local engine, which has no containers", async () => {
    await using cli = engine.createCli();
    const file = join(cli.home, "own.yaml");
    writeFileSync(file, JSON.stringify({ services: { db: { image: postgresImage } } }));
    const run = await cli.run(["run", "--engine", "local", "--manifest", file, "--", "true"]);
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toMatch(/db.*docker|docker.*db/s);
  });
});
