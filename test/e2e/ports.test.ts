import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTestCli, type TestCli } from "../kit/cli.ts";

/** What runs inside: an HTTP server that echoes what follows an upgrade, and a server of plain TCP. */
const servers = `
  const http = require("node:http").createServer((request, answer) => answer.end("inside " + request.url));
  http.on("upgrade", (request, socket, head) => {
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n");
    socket.write(head);
    socket.pipe(socket);
  });
  http.listen(3000, "127.0.0.1");
  require("node:net").createServer({ allowHalfOpen: true }, (socket) => {
    let text = "";
    socket.on("data", (part) => (text += part));
    socket.on("end", () => socket.end(text.toUpperCase()));
  }).listen(5432, "127.0.0.1", () => console.log("serving"));
`;
const serve = ["--", "node", "-e", servers];

interface Listed {
  readonly slug: string;
  readonly ports: readonly { readonly hostAddress: string; readonly hostPort: number; readonly port: number }[];
}

async function startServing(cli: TestCli, options: readonly string[]) {
  const running = cli.start(["run", ...options, ...serve]);
  await running.seen("serving");
  const listed = (await cli.run(["ls", "--json"])).jsonLines<Listed>();
  const [newest] = listed;
  if (!newest) throw new Error("nothing runs");
  const portOf = (port: number) => newest.ports.find((open) => open.port === port)?.hostPort ?? 0;
  return { running, slug: newest.slug, ports: newest.ports, portOf };
}

/** Sends a text and this side's end; all that comes back. */
async function ask(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(text);
  let answer = "";
  for await (const part of socket) answer += String(part);
  return answer;
}

describe("caisson run --publish", () => {
  it("makes ports inside reachable: HTTP, what follows an upgrade, plain TCP with each end by itself", async () => {
    await using cli = createTestCli();
    const { running, slug, ports, portOf } = await startServing(cli, ["--publish", "0:3000", "--publish", "0:5432"]);
    await running.seen(`open       http://127.0.0.1:${portOf(3000)} -> 3000 inside`);
    expect(ports.map(({ hostAddress, port }) => [hostAddress, port])).toEqual([
      ["127.0.0.1", 3000],
      ["127.0.0.1", 5432],
    ]);
    expect((await cli.run(["inspect", slug, "--json"])).json()).toMatchObject({ ports });

    expect(await (await fetch(`http://127.0.0.1:${portOf(3000)}/a`)).text()).toBe("inside /a");
    const upgrade = "GET /b HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    expect(await ask(portOf(3000), `${upgrade}a frame`)).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\na frame$/);
    expect(await ask(portOf(5432), "a question")).toBe("A QUESTION");

    await cli.run(["stop", slug]);
    await running.ended;
    const late = connect(portOf(3000), "127.0.0.1");
    expect(await once(late, "error")).toMatchObject([{ code: "ECONNREFUSED" }]);
    const audit = (await cli.run(["audit", slug, "--json"])).jsonLines<{ decision: { rule: string; port: number } }>();
    expect(audit.map(({ decision: { rule, port } }) => `${rule} ${port}`)).toEqual(
      expect.arrayContaining(["published 3000", "published 5432"]),
    );
    expect((await cli.run(["verify", slug])).exitCode).toBe(0);
  });

  it("closes a connection that nothing inside answers, and logs it", async () => {
    await using cli = createTestCli();
    const { slug, portOf } = await startServing(cli, ["--publish", "0:9"]);
    await ask(portOf(9), "").catch(() => "");
    await expect
      .poll(async () => (await cli.run(["logs", slug])).stdout)
      .toMatch(/nothing answered on port 9 inside \(ECONNREFUSED\)/);
  });

  it("says which port is taken, before the agent starts", async () => {
    await using cli = createTestCli();
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const result = await cli.run(["run", "--publish", `${port}:3000`, "--", "touch", "began"]);
    taken.close();
    expect(result).toMatchObject({ exitCode: 7 });
    expect(result.stderr).toContain(`Cannot publish port 3000: 127.0.0.1:${port} is taken`);
    expect(existsSync(join(cli.workspace, "began"))).toBe(false);
  });

  it("tells a detached run's address, and each sandbox has its own", async () => {
    await using cli = createTestCli();
    const detach = async (word: string) => {
      const program = `require("node:http").createServer((_, answer) => answer.end("${word}")).listen(3000, "127.0.0.1")`;
      const result = await cli.run(["run", "--detach", "--json", "--publish", "0:3000", "--", "node", "-e", program]);
      return result.json<{ slug: string; ports: readonly { url: string; hostPort: number }[] }>();
    };
    const [first, second] = [await detach("first"), await detach("second")];
    const read = async ({ ports }: typeof first) => {
      const answer = await fetch(ports[0]?.url ?? "").catch(() => undefined);
      return answer?.text();
    };
    await expect.poll(() => read(first)).toBe("first");
    await expect.poll(() => read(second)).toBe("second");
    // What is published on the host's loopback is not on the sandbox's, be it its own or another one's.
    for (const { hostPort } of [first, second].flatMap(({ ports }) => ports)) {
      const dial = `require("node:net").connect(${hostPort}, "127.0.0.1").on("error", (e) => console.log(e.code)).on("connect", () => process.exit(9))`;
      expect(await cli.run(["exec", second.slug, "--", "node", "-e", dial])).toMatchObject({
        exitCode: 0,
        stdout: "ECONNREFUSED\n",
      });
    }
  });

  it("takes ports of the person's manifest, and none of the workspace's", async () => {
    await using cli = createTestCli();
    const own = join(cli.home, "own.yaml");
    writeFileSync(own, "ports: ['8081:80']\n");
    writeFileSync(join(cli.workspace, "caisson.yaml"), "ports: [3000]\n");
    const plan = await cli.run([
      "run",
      "--dry-run",
      "--json",
      "--manifest",
      own,
      "--publish",
      "0.0.0.0:8080:90",
      "--",
      "true",
    ]);
    const { policy, notes } = plan.json<{
      policy: { ports: unknown };
      notes: readonly { code: string; text: string }[];
    }>();
    expect(policy.ports).toEqual([
      { hostAddress: "127.0.0.1", hostPort: 8081, port: 80 },
      { hostAddress: "0.0.0.0", hostPort: 8080, port: 90 },
    ]);
    expect(notes.map(({ code }) => code)).toEqual(expect.arrayContaining(["manifest_untrusted", "port_open"]));
  });
});
