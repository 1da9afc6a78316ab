import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, inject, it } from "vitest";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { inNetwork } from "../kit/docker-network.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const engine = dockerTestEngine(inject("dockerEngine"));
const { network } = dockerEngineAt(inject("dockerEngine"));
const run = promisify(execFile);

const program = `
  require("node:http").createServer((_, answer) => answer.end("inside")).listen(3000);
  require("node:net").createServer({ allowHalfOpen: true }, (socket) => {
    let text = "";
    socket.on("data", (part) => (text += part));
    socket.on("end", () => socket.end(text.toUpperCase()));
  }).listen(80, () => console.log("serving"));
`;

/** Sends a text and an end where the engine publishes ports; all that comes back. */
async function ask(port: number, text: string): Promise<string> {
  const dial = `const s = require("node:net").connect({ port: ${port}, host: "127.0.0.1", allowHalfOpen: true });
    s.end(${JSON.stringify(text)}); s.on("data", (part) => process.stdout.write(part)); s.on("error", () => {})`;
  const [file, args] = inNetwork(network, [process.execPath, "-e", dial]);
  return (await run(file, args)).stdout;
}

describe("caisson run --publish, on docker", () => {
  it("makes ports inside reachable on the engine's loopback, and closes them with the sandbox", async () => {
    await using cli = engine.createCli();
    const running = cli.start(["run", "--publish", "18080:3000", "--publish", "0:80", "--", "node", "-e", program]);
    await running.seen("serving");
    const [{ slug, ports } = { slug: "", ports: [] }] = (await cli.run(["ls", "--json"])).jsonLines<{
      slug: string;
      ports: readonly { hostAddress: string; hostPort: number; port: number }[];
    }>();
    const low = ports.find(({ port }) => port === 80)?.hostPort ?? 0;
    expect(ports).toEqual([
      { hostAddress: "127.0.0.1", hostPort: 18_080, port: 3000 },
      { hostAddress: "127.0.0.1", hostPort: low, port: 80 },
    ]);
    expect(low).toBeGreaterThan(1024);
    expect(await ask(18_080, "GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 [\s\S]*inside$/);
    expect(await ask(low, "a question")).toBe("A QUESTION");
    // The gate listens on its way out alone: nothing on the agent's network can connect there.
    const dial = `require("node:net").connect(3000, "gate").on("error", (e) => console.log(e.code)).on("connect", () => process.exit(9))`;
    expect(await cli.run(["exec", slug, "--", "node", "-e", dial])).toMatchObject({ stdout: "ECONNREFUSED\n" });

    const taken = await cli.run(["run", "--publish", "18080:3000", "--", "true"]);
    expect(taken.stderr).toContain("Cannot publish a port: 127.0.0.1:18080 is taken");
    expect(taken.exitCode).toBe(7);
    await cli.run(["stop", slug]);
    await running.ended;
    expect(await ask(18_080, "GET / HTTP/1.0\r\n\r\n")).toBe("");
  });
});
