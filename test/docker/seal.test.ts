import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createGateClient } from "../../src/run/gate-client.ts";
import type { FromGate } from "../../src/spec/gate-protocol.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { inNetwork, listenOutside } from "../kit/docker-network.ts";
import { type DockerBox, launchDockerBox, openDockerWorld } from "../kit/docker-sandbox.ts";
import { addresses } from "../kit/world-addresses.ts";

const name = inject("dockerEngine");
const engine = dockerEngineAt(name);
const world = await openDockerWorld(name);

async function run(box: DockerBox, script: string): Promise<string> {
  const running = await box.sandbox.exec({ argv: ["bash", "-c", script] });
  const output: Uint8Array[] = [];
  running.onOutput((_, bytes) => void output.push(bytes));
  await running.ended;
  return Buffer.concat(output).toString();
}

/** Says `reached` when something accepts a connection there within so many seconds: what is expected to gets more. */
const connect = (host: string, port: number, seconds = 2) =>
  `timeout ${seconds} bash -c 'exec 3<>/dev/tcp/${host}/${port}' 2>/dev/null && echo reached ${host} ${port}`;

/** Resolves when the server there is heard from the engine's own network: it is one, and the defences are what is tried. */
async function isHeard(host: string, port: number): Promise<void> {
  const script = `timeout 10 bash -c 'exec 3<>/dev/tcp/${host}/${port}; cat <&3'; true`;
  const [file, args] = inNetwork(engine.network, ["bash", "-c", script]);
  while (!(await promisify(execFile)(file, args)).stdout.includes("heard"));
}

/** One DNS question for good.test, sent to a resolver; says `answered` when anything comes back. */
const ask = (host: string, seconds = 3) =>
  `exec 4<>/dev/udp/${host}/53; printf '\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0\\x04good\\x04test\\0\\0\\x01\\0\\x01' >&4; ` +
  `timeout ${seconds} head -c 40 <&4 2>/dev/null | od -An -tx1`;

describe("the agent's network", () => {
  let box: DockerBox;
  beforeAll(async () => {
    box = await launchDockerBox(world, {}, { withGate: true });
  });
  afterAll(() => box?.[Symbol.asyncDispose]());

  it("has nothing of the host on it: no address of the bridge, no service that listens everywhere", async () => {
    let connections = 0;
    await using server = createServer((socket) => {
      connections += 1;
      socket.end("heard");
    });
    const port = await listenOutside(engine.network, server, { address: "0.0.0.0" });
    const own = execFileSync(...inNetwork(engine.network, ["ip", "-br", "-4", "address"]), { encoding: "utf8" });
    const host = [...own.matchAll(/(\d+\.\d+\.\d+\.\d+)\//g)].map(([, address]) => address ?? "");
    const gateway = (box.gate?.address ?? "").replace(/\d+$/, (last) => String(Number(last) - 1));
    expect(host).not.toContain(gateway);
    expect(host.length).toBeGreaterThan(1);
    // The server is there: whoever is on the host reaches it.
    await isHeard("127.0.0.1", port);
    const heard = connections;
    const said = await run(box, [...host, gateway].map((address) => connect(address, port)).join(";"));
    expect(said.replaceAll(/^reached 127\S* \d+\n/gm, "")).toBe("");
    expect(connections).toBe(heard);
  });

  it("leads to no address outside", async () => {
    let connections = 0;
    await using server = createServer((socket) => {
      connections += 1;
      socket.end("heard");
    });
    const port = await listenOutside(engine.outside, server, { address: addresses.site });
    await isHeard(addresses.site, port);
    const heard = connections;
    expect(await run(box, connect(addresses.site, port))).toBe("");
    expect(connections).toBe(heard);
  });

  it("has no resolver that answers for the world, the engine's own included", async () => {
    const outside = await openDockerWorld(name, {
      internalOnly: false,
      bridge: () => ({}),
      resolvers: [],
      ownResolverFiles: false,
    });
    await using open = await launchDockerBox(outside);
    // The same question does get an answer where nothing keeps it in.
    expect(await run(open, ask("127.0.0.11", 30))).toMatch(/12 34 8/);
    for (const resolver of ["127.0.0.11", addresses.resolver, "127.0.0.1"])
      expect(await run(box, ask(resolver))).not.toMatch(/12 34 8[01] .0 00 01 00 01/);
    expect(await run(box, "getent hosts good.test || echo none")).toBe("none\n");
  });

  it("reaches the gate by name, and nobody but the sandbox does", async () => {
    const gate = box.gate;
    if (gate === undefined) throw new Error("no gate");
    const client = createGateClient(gate);
    client.send({ type: "listen", sandbox: box.slug, host: gate.address, port: 3128 });
    await client.next((m): m is Extract<FromGate, { type: "listening" }> => m.type === "listening", 10);
    expect(await run(box, connect("gate", 3128, 30))).toContain("reached gate");
    await using other = await launchDockerBox(world);
    expect(await run(other, connect(gate.address, 3128))).toBe("");
    const fromHost = inNetwork(engine.network, ["bash", "-c", `${connect(gate.address, 3128)} || echo none`]);
    expect(execFileSync(...fromHost, { encoding: "utf8" })).toBe("none\n");
  });

  it("shows no secret to who looks at the containers: no variable, no file, no argument of the agent's", async () => {
    await using secret = await launchDockerBox(world, { environment: { TOKEN: "placeholder-of-mine" } });
    expect(await run(secret, "echo $TOKEN")).toBe("placeholder-of-mine\n");
    const docker = await engine.connect();
    const container = docker.getContainer(secret.prepared.facts.agent);
    expect(JSON.stringify(await container.inspect())).not.toContain("placeholder-of-mine");
    expect(readFileSync(join(secret.stateDir, "docker-compose.yml"), "utf8")).not.toContain("placeholder-of-mine");
  });
});
