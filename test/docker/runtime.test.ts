import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

// gVisor itself is not here: a runtime of its name, which is runc. What is tried is who is chosen, and what is said of it.
const name = inject("dockerEngine");
const engine = dockerTestEngine(name);
let docker: Docker;
beforeAll(async () => {
  await dockerEngineAt(name).configure({ runtimes: { runsc: { path: "runc" } } });
  docker = await dockerEngineAt(name).connect();
});
afterAll(() => dockerEngineAt(name).configure({}));

const runtimeOf = async (slug: string, service: string) =>
  (await docker.getContainer(`caisson-${slug}-${service}-1`).inspect()).HostConfig.Runtime;

describe("must-have 12: gVisor, where the engine has it", () => {
  it("runs the agent by itself, not the gate; the first line and doctor say so", async () => {
    await using cli = engine.createCli();
    const run = await cli.run(["run", "--detach", "--workspace", "copy", "--", "sleep", "600"]);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stderr).toMatch(/sandbox .*docker.* · under runsc \(gVisor\) · /);
    const slug = run.stdout.trim();
    expect([await runtimeOf(slug, "agent"), await runtimeOf(slug, "gate")]).toEqual(["runsc", "runc"]);
    expect((await cli.run(["doctor", "--engine", "docker"])).stdout).toMatch(/gvisor .*the engine has runsc/);
  });

  it("leaves a mounted workspace to the default runtime and says why; asked for, it is refused with the way out", async () => {
    await using cli = engine.createCli();
    const run = await cli.run(["run", "--detach", "--", "sleep", "600"]);
    expect(run.stderr).toContain("not runsc: under it the guard of a mounted workspace cannot be checked");
    expect(await runtimeOf(run.stdout.trim(), "agent")).toBe("runc");
    const asked = await cli.run(["run", "--runtime", "runsc", "--", "true"]);
    expect(asked).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("--runtime runsc --workspace copy") });
  });

  it("is not taken where another was asked for, and one that the engine lacks is refused", async () => {
    await using cli = engine.createCli();
    const run = await cli.run(["run", "--detach", "--runtime", "runc", "--workspace", "none", "--", "sleep", "600"]);
    expect(await runtimeOf(run.stdout.trim(), "agent")).toBe("runc");
    expect(run.stderr).toContain("under runc ·");
    const lacking = await cli.run(["run", "--runtime", "kata", "--workspace", "none", "--", "true"]);
    expect(lacking).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("the docker engine has runc, runsc"),
    });
  });
});
