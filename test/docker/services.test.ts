import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";

const engine = dockerTestEngine(inject("dockerEngine"));

const server = `
  console.log("service is up as " + process.env.WHO);
  setTimeout(() => require("node:net").createServer((socket) => socket.on("error", () => {}).end("hello from " + process.env.WHO)).listen(5432), 1000);
`;
const check = `require("node:net").connect(5432, "127.0.0.1").on("connect", () => process.exit(0)).on("error", () => process.exit(1))`;
const dial = (host: string) =>
  `const s = require("node:net").connect(5432, "${host}"); s.on("data", (part) => process.stdout.write(part)); s.on("error", (e) => console.log(e.code))`;

function writeManifest(cli: ReturnType<typeof engine.createCli>, service: object): string {
  const file = join(cli.home, "own.yaml");
  writeFileSync(file, JSON.stringify({ services: { db: { image: "caisson-base", ...service } } }));
  return file;
}

describe("services beside the agent", () => {
  it("are reached by their names once they are healthy, and told in the log", async () => {
    await using cli = engine.createCli();
    const file = writeManifest(cli, {
      command: ["node", "-e", server],
      environment: { WHO: "db" },
      health: { test: ["node", "-e", check], interval: "300ms", retries: 50 },
    });
    const result = await cli.run(["run", "--manifest", file, "--label", "with-db", "--", "node", "-e", dial("db")]);
    expect(result, result.stderr).toMatchObject({ exitCode: 0, stdout: "hello from db" });
    const [{ slug } = { slug: "" }] = (await cli.run(["ls", "--all", "--json"])).jsonLines<{ slug: string }>();
    const log = readFileSync(join(cli.stateRoot, "sandboxes", slug, "compose.log"), "utf8");
    expect(log).toMatch(/ db +\| service is up as db/);
  });

  it("that are never healthy fail the launch with what they said", async () => {
    await using cli = engine.createCli();
    const file = writeManifest(cli, {
      command: ["sh", "-c", "echo no room for my data; sleep 600"],
      health: { test: "false", interval: "200ms", retries: 2 },
    });
    const result = await cli.run(["run", "--manifest", file, "--", "true"]);
    expect(result.exitCode).toBe(6);
    expect(result.stderr).toMatch(/service db is not healthy.*no room for my data/);
  });

  it("that end at once fail the launch with their last words", async () => {
    await using cli = engine.createCli();
    const file = writeManifest(cli, {
      command: ["sh", "-c", "echo bad configuration >&2; exit 3"],
      health: { test: "true" },
    });
    const result = await cli.run(["run", "--manifest", file, "--", "true"]);
    expect(result.stderr).toMatch(/its db container ended.*bad configuration/);
  });
});
