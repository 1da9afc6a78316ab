import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, inject, it } from "vitest";
import { createTestCli, launcher } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";

interface Diagnosis {
  readonly rows: readonly { readonly name: string; readonly state: string; readonly detail: string }[];
}

const engine = dockerEngineAt(inject("dockerEngine"));

describe("caisson doctor --engine docker", () => {
  it("is ready where the engine answers and has the images", async () => {
    await using cli = createTestCli();
    const env = { DOCKER_HOST: engine.dockerHost };
    const { exitCode, stdout } = await cli.run(["doctor", "--engine", "docker", "--json"], { env });
    expect(exitCode).toBe(0);
    const { rows } = JSON.parse(stdout) as Diagnosis;
    const detail = expect.stringMatching(
      /^engine \d.* · overlay2 · cgroup v[12] · runtimes .*runc.* · images .*claude-code.* gate/,
    );
    expect(rows).toContainEqual(expect.objectContaining({ name: "docker", state: "ready", detail }));
  });

  it("starts an engine where none runs and there is no init", async () => {
    await using cli = createTestCli();
    // A machine of its own: an empty network, no /run, no data of Docker; all that is started ends with it.
    const argv = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec"];
    const script = [
      "mount -t tmpfs none /run; mount -t tmpfs none /var/lib",
      "ip link set lo up",
      `"${launcher}" doctor --fix --engine docker --yes --json || echo "exit $?"`,
    ].join("\n");
    const env = { ...cli.environment, DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined };
    const { stdout } = await promisify(execFile)("unshare", [...argv, script], { env, cwd: cli.workspace });
    const [line = "", exit] = stdout.trim().split("\n");
    // It runs, and has no image yet.
    expect(exit).toBe("exit 4");
    const { rows } = JSON.parse(line) as Diagnosis;
    const detail = expect.stringMatching(/^engine \d.* · no image yet$/);
    expect(rows).toContainEqual(expect.objectContaining({ name: "docker", state: "not ready", detail }));
  });
});
