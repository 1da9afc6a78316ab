import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { startUpstream, type Upstream } from "../kit/upstream.ts";

const engine = dockerTestEngine(inject("dockerEngine"));
const { connect, dockerHost } = dockerEngineAt(inject("dockerEngine"));
let docker: Docker;
beforeAll(async () => {
  docker = await connect();
});

const realKey = "real-key-0d1c7be6a94b4f0f8f53c2e1";
const question = "what the person asked 7f3a";
const answer = "what the model said 91bc";

/** A manifest with a model of the test's own, which answers with the key that it got. */
function writeManifest(cli: TestCli, upstream: Upstream): string {
  writeFileSync(join(cli.home, "ca.pem"), upstream.ca);
  const route = [
    "  - host: api.model.example",
    "    model: anthropic",
    "    credential: { name: service, inject: [{ as: bearer }] }",
    `    upstream: ${upstream.origin}`,
    "    extraCaFile: ca.pem",
    `    allowAddresses: [${upstream.cidr}]`,
  ];
  const credential = "  service: { env: SERVICE_KEY, environment: [SERVICE_KEY] }";
  const file = join(cli.home, "mine.yaml");
  writeFileSync(file, ["credentials:", credential, "routes:", ...route, ""].join("\n"));
  return file;
}

/** Asks the model from inside, and leaves the sandbox running; gives the run's slug. */
async function ask(cli: TestCli, upstream: Upstream, flags: readonly string[]): Promise<string> {
  const body = JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: question }] });
  const call = `curl -sS -H "Authorization: Bearer $SERVICE_KEY" -H content-type:application/json -d '${body}' https://api.model.example/v1/messages`;
  const command = ["sh", "-c", `${call} > answer; touch done; sleep 600`];
  const run = await cli.run(
    ["run", "--detach", "--manifest", writeManifest(cli, upstream), ...flags, "--", ...command],
    {
      env: { SERVICE_KEY: realKey },
    },
  );
  expect(run, run.stderr).toMatchObject({ exitCode: 0 });
  await expect.poll(() => existsSync(join(cli.workspace, "done")), { timeout: 60_000 }).toBe(true);
  expect(readFileSync(join(cli.workspace, "answer"), "utf8")).toContain(answer);
  expect(upstream.received[0]?.headers.authorization).toBe(`Bearer ${realKey}`);
  return run.stdout.trim();
}

const model = () =>
  startUpstream((request, response) => {
    const text = `${answer}, to ${request.headers.authorization}`;
    const usage = { input_tokens: 1, output_tokens: 2 };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ type: "message", model: "m", content: [{ type: "text", text }], usage }));
  }, engine.place);

/** All that the engine keeps of a container on disk. */
async function keptOf(container: string): Promise<string> {
  const { ResolvConfPath } = await docker.getContainer(container).inspect();
  return execFileSync("grep", ["-rah", "", join(ResolvConfPath, "..")], { encoding: "utf8" });
}

const compose = (cli: TestCli, slug: string, ...argv: string[]) =>
  execFileSync("docker-compose", ["-p", `caisson-${slug}`, ...argv], {
    encoding: "utf8",
    cwd: join(cli.stateRoot, "sandboxes", slug),
    env: { ...process.env, DOCKER_HOST: dockerHost },
    stdio: "pipe",
  });

describe("what the engine keeps of what the gate says", () => {
  it("invariant 1: decisions and token use; no key, no authority, no word of the conversation", async () => {
    await using cli = engine.createCli();
    await using upstream = await model();
    const slug = await ask(cli, upstream, []);
    const gate = `caisson-${slug}-gate-1`;
    // On its way from the gate through the engine while the agent has its answer.
    await expect.poll(() => keptOf(gate)).toMatch(/type.{1,5}usage/);
    const kept = await keptOf(gate);
    expect(kept).toMatch(/verdict.{1,5}allow.*api\.model\.example/);
    for (const secret of [realKey, "PRIVATE KEY", question, answer]) expect(kept).not.toContain(secret);
    expect(compose(cli, slug, "logs")).toContain("api.model.example");
  });

  it("invariant 1: nothing while a run is recorded; `docker-compose logs` works on it", async () => {
    await using cli = engine.createCli();
    await using upstream = await model();
    const file = join(cli.home, "kept.replay.jsonl");
    const slug = await ask(cli, upstream, ["--record", file]);
    const kept = await keptOf(`caisson-${slug}-gate-1`);
    expect(kept).toContain('"Type":"none"');
    for (const secret of [realKey, "PRIVATE KEY", question, answer, "verdict"]) expect(kept).not.toContain(secret);
    compose(cli, slug, "logs");
    await cli.run(["stop", slug]);
    expect((await cli.run(["audit", slug])).stdout).toContain("api.model.example");
    expect(readFileSync(file, "utf8")).toContain(question);
    expect(readFileSync(file, "utf8")).not.toContain(realKey);
  });
});
