import { chownSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const engine = dockerTestEngine(inject("dockerEngine"));
let docker: Docker;
beforeAll(async () => {
  docker = await dockerEngineAt(inject("dockerEngine")).connect();
});

const nobodySaid = { env: { CAISSON_ENGINE: "" } };
const metadataOf = (cli: TestCli) => {
  const [slug = ""] = readdirSync(join(cli.stateRoot, "sandboxes"));
  return JSON.parse(readFileSync(join(cli.stateRoot, "sandboxes", slug, "metadata.json"), "utf8"));
};

describe("the engine of a run", () => {
  it("is docker where it answers and has the images, and the first line says so", async () => {
    await using cli = engine.createCli();
    const { stdout, stderr } = await cli.run(["run", "--", "cat", "/proc/1/cmdline"], nobodySaid);
    expect(stderr).toContain("docker (it answers and has the images)");
    expect(stdout).toContain("docker-init");
    expect(metadataOf(cli)).toMatchObject({ engine: "docker", image: "caisson-base:latest" });
  });

  it.each([
    ["nobody answers", { DOCKER_HOST: "unix:///nowhere/docker.sock" }, "local (docker is not here)"],
    ["it is another machine", { DOCKER_HOST: "tcp://127.0.0.1:1" }, "local (its engine is another machine)"],
  ])("is local where %s, and the first line says why", async (_, environment, said) => {
    await using cli = engine.createCli();
    const env = { ...nobodySaid.env, ...environment };
    expect((await cli.run(["run", "--", "true"], { env })).stderr).toContain(said);
    const asked = await cli.run(["run", "--engine", "docker", "--", "true"], { env });
    expect(asked).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/^Cannot use the docker engine.*\nhint: /),
    });
  });

  it("is local for root in a folder of root's, which docker refuses: no agent is root in a container", async () => {
    await using cli = engine.createCli();
    chownSync(cli.workspace, 0, 0);
    expect((await cli.run(["run", "--", "true"], nobodySaid)).stderr).toContain("local (this folder is root's)");
    const asked = await cli.run(["run", "--", "true"]);
    expect(asked).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("no agent runs as root") });
    const apart = await cli.run(["run", "--workspace", "copy", "--", "id", "-u"]);
    expect(apart).toMatchObject({ exitCode: 0, stdout: "1000\n" });
  });

  it("is not said by a repository: neither engine nor image", async () => {
    await using cli = engine.createCli();
    writeFileSync(join(cli.workspace, "caisson.yaml"), "engine: docker\nimage: evil\n");
    const { stderr } = await cli.run(["run", "--", "true"]);
    expect(stderr).toContain("ignored: engine docker; images evil");
    expect(metadataOf(cli).image).toBe("caisson-base:latest");
  });
});

describe("--image", () => {
  it("names any image; what it lacks, or that it is not here, is said before anything starts", async () => {
    await using cli = engine.createCli();
    const missing = await cli.run(["run", "--image", "acme/none", "--", "true"]);
    expect(missing).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('image "acme/none" is not here') });
    const gate = await cli.run(["run", "--image", "caisson-gate:latest", "--", "true"]);
    expect(gate).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('"caisson-gate:latest" lacks sh') });
    const base = ["run", "--image", "caisson-base:latest", "--workspace", "none", "claude-code", "hi"];
    expect(await cli.run(base, { env: { ANTHROPIC_API_KEY: "x" } })).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('"caisson-base:latest" lacks claude'),
    });
    expect((await cli.run(["ls", "--all"])).stdout).toBe("");
  });

  it("takes one that knows nothing of us, and the gate is trusted in it", async () => {
    await using cli = engine.createCli();
    const base = docker.getImage("caisson-base:latest");
    const container = await docker.createContainer({ Image: (await base.inspect()).Id, Entrypoint: ["true"] });
    await container.commit({ repo: "acme-agent", tag: "1", changes: ["LABEL caisson.target="] } as never);
    await container.remove();
    const { stdout, stderr, exitCode } = await cli.run([
      ...["run", "--image", "acme-agent:1", "--", "sh", "-c"],
      "curl -sS https://nowhere.example/; echo; echo $PATH; id -u",
    ]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain("rule no-route");
    expect(stdout).toMatch(/\/usr\/bin.*\n1000\n$/);
  });
});

describe("looking at it by hand", () => {
  it("inspect names image, project and engine; compose's own command reads the same project", async () => {
    await using cli = engine.createCli();
    const slug = (await cli.run(["run", "--detach", "--", "sleep", "600"])).stdout.trim();
    const { stdout } = await cli.run(["inspect", slug]);
    expect(stdout).toMatch(/^ {2}engine +docker at unix:/m);
    expect(stdout).toMatch(/^ {2}image +caisson-base:latest/m);
    expect(stdout).toContain(`docker compose -p caisson-${slug} ps`);
    const filters = { label: [`com.docker.compose.project=caisson-${slug}`] };
    expect((await docker.listContainers({ filters })).flatMap(({ Names }) => Names).sort()).toEqual([
      `/caisson-${slug}-agent-1`,
      `/caisson-${slug}-gate-1`,
    ]);
  });

  it("must-have 2: no container, image history, compose file or log holds the real key", async () => {
    await using cli = engine.createCli();
    const key = "real-key-0d1c7be6a94b4f0f8f53c2e1";
    const manifest = join(cli.home, "mine.yaml");
    writeFileSync(
      manifest,
      "credentials:\n  service: { env: SERVICE_KEY, environment: [SERVICE_KEY] }\nroutes:\n  - host: good.test\n    credential: { name: service, inject: [{ as: bearer }] }\n",
    );
    const env = { SERVICE_KEY: key };
    const run = await cli.run(["run", "--detach", "--manifest", manifest, "--", "sleep", "600"], { env });
    const slug = run.stdout.trim();
    const seen = await Promise.all(
      ["agent", "gate"].map(async (service) => {
        const container = docker.getContainer(`caisson-${slug}-${service}-1`);
        const facts = await container.inspect();
        const history = await docker.getImage(facts.Image).history();
        return JSON.stringify([
          facts,
          history,
          await container.top(),
          String(await container.logs({ stdout: true, stderr: true })),
        ]);
      }),
    );
    expect(seen.join("")).toContain(slug);
    expect(seen.join("")).not.toContain(key);
    expect(readFileSync(join(cli.stateRoot, "sandboxes", slug, "docker-compose.yml"), "utf8")).not.toContain(key);
  });
});
