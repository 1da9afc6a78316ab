import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { startUpstream } from "../kit/upstream.ts";
import { addresses } from "../kit/world-addresses.ts";

const engine = dockerTestEngine(inject("dockerEngine"));

const server = `
  console.log("service is up as " + process.env.WHO);
  setTimeout(() => require("node:net").createServer((socket) => socket.on("error", () => {}).end("hello from " + process.env.WHO)).listen(5432), 1000);
`;
const checkOf = (port: number) =>
  `require("node:net").connect(${port}, "127.0.0.1").on("connect", () => process.exit(0)).on("error", () => process.exit(1))`;
const dial = (host: string) =>
  `const s = require("node:net").connect(5432, "${host}"); s.on("data", (part) => process.stdout.write(part)); s.on("error", (e) => console.log(e.code))`;

function writeManifest(cli: ReturnType<typeof engine.createCli>, service: object): string {
  const file = join(cli.home, "own.yaml");
  writeFileSync(file, JSON.stringify({ services: { db: { image: "caisson-base", ...service } } }));
  return file;
}

/** Tells whoever asks what it could reach: a port of the world, a name server, a host's name, and what the gate says. */
const prober = `
  const net = require("node:net"), dns = require("node:dns"), dgram = require("node:dgram");
  const dial = (host, port, say, timeout = 3000) => new Promise((done) => {
    const s = net.connect({ host, port, timeout });
    let got = "";
    s.on("connect", () => (got = "connected", s.write(say)));
    s.on("data", (part) => (got += " " + part, s.destroy()));
    s.on("timeout", () => s.destroy());
    s.on("error", (e) => (got += " " + e.code));
    s.on("close", () => done(got.trim()));
  });
  const lookUp = (server) => new Promise((done) => {
    const r = new dns.Resolver({ timeout: 1000, tries: 1 });
    r.setServers([server]);
    r.resolve4("good.test", (e, found) => done(found ? "found " + found : "none"));
  });
  net.createServer(async (socket) => {
    socket.on("error", () => {});
    const lines = [
      "direct: " + await dial(process.env.SITE, 7777, "hi"),
      "direct by name: " + await dial("good.test", 80, "GET / HTTP/1.0\\r\\n\\r\\n"),
      "dns of the engine: " + await lookUp("127.0.0.11"),
      "dns of the world: " + await lookUp(process.env.RESOLVER),
      "gate: " + await dial("gate", 3128, "GET http://good.test/ HTTP/1.1\\r\\nHost: good.test\\r\\nConnection: close\\r\\n\\r\\n", 30_000),
    ];
    socket.end(lines.join("\\n") + "\\n");
  // Who asks whether we are there yet has nothing tried.
  }).listen(5432, () => net.createServer((socket) => socket.end()).listen(5433));
`;

describe("services beside the agent", () => {
  it("are reached by their names once they are healthy, and told in the log", async () => {
    await using cli = engine.createCli();
    const file = writeManifest(cli, {
      command: ["node", "-e", server],
      environment: { WHO: "db" },
      health: { test: ["node", "-e", checkOf(5432)], interval: "300ms", retries: 50 },
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

  it("have no way out: not directly, not by a resolver, and not through the gate, which serves the agent alone", async () => {
    await using cli = engine.createCli();
    await using upstream = await startUpstream(undefined, engine.place);
    writeFileSync(join(cli.home, "ca.pem"), upstream.ca);
    const db = {
      image: "caisson-base",
      command: ["node", "-e", prober],
      environment: { SITE: addresses.site, RESOLVER: addresses.resolver },
      // Not before it answers: the agent dials once.
      health: { test: ["node", "-e", checkOf(5433)], interval: "300ms", retries: 50 },
    };
    const route = {
      host: "good.test",
      upstream: upstream.origin,
      extraCaFile: "ca.pem",
      allowAddresses: [upstream.cidr],
    };
    const file = join(cli.home, "own.yaml");
    writeFileSync(file, JSON.stringify({ services: { db }, routes: [route] }));
    const script = `curl -fsS https://good.test/; echo; node -e '${dial("db")}'`;
    const run = await cli.run(["run", "--label", "probed", "--manifest", file, "--", "sh", "-c", script]);
    // The agent's own way is open: what the service could have used is there.
    expect(run.stdout, run.stderr).toMatch(/^hello\n/);
    const told = (what: string) => new RegExp(`^${what}: (.*)$`, "m").exec(run.stdout)?.[1];
    expect(told("direct")).toMatch(/^(ENETUNREACH|EHOSTUNREACH|)$/);
    expect(told("direct by name")).toMatch(/^(ENOTFOUND|EAI_AGAIN|)$/);
    expect(told("dns of the engine")).toBe("none");
    expect(told("dns of the world")).toBe("none");
    // Taken by the kernel and ended by the gate, which may be before the client has seen that it was taken.
    expect(told("gate")).toMatch(/^(connected ?|connected ECONNRESET|ECONNRESET)$/);
    const audit = (await cli.run(["audit", "--json", "probed"])).stdout;
    expect(audit).toMatch(/"rule":"peer"/);
  });
});
