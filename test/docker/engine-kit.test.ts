import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type Docker from "dockerode";
import { describe, expect, inject, it } from "vitest";
import { baseImage } from "../kit/base-image.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { inNetwork, listenOutside } from "../kit/docker-network.ts";
import { addresses } from "../kit/world-addresses.ts";

const engine = dockerEngineAt(inject("dockerEngine"));

async function runIn(docker: Docker, script: string, host: Docker.HostConfig = {}): Promise<string> {
  const container = await docker.createContainer({
    Image: baseImage,
    Cmd: ["bash", "-c", script],
    Tty: true,
    HostConfig: host,
  });
  try {
    await container.start();
    await container.wait();
    return (await container.logs({ stdout: true, stderr: true })).toString();
  } finally {
    await container.remove({ force: true });
  }
}

const ask = `exec 3<>/dev/tcp/${addresses.site}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;

describe("the tests' docker engine", () => {
  it("runs containers that reach the outside world of the tests, and by name", async () => {
    await using server = createServer((_, response) => response.end("from outside"));
    await listenOutside(engine.outside, server, { address: addresses.site, port: 80 });
    const docker = await engine.connect();
    expect(await runIn(docker, ask)).toContain("from outside");
    expect(await runIn(docker, "getent hosts good.test")).toContain(addresses.site);
    expect(await runIn(docker, ask, { NetworkMode: "none" })).not.toContain("from outside");
  });

  it("leaves this machine's network alone", async () => {
    const docker = await engine.connect();
    const network = await docker.createNetwork({ Name: "of-a-test" });
    // The machine may have a docker0 of its own: a bridge is told by its network's id.
    const bridge = `br-${network.id.slice(0, 12)}`;
    const argv = ["ip", "-brief", "link"] as const;
    expect(execFileSync(...inNetwork(engine.network, argv), { encoding: "utf8" })).toContain(bridge);
    expect(execFileSync(argv[0], argv.slice(1), { encoding: "utf8" })).not.toContain(bridge);
    await network.remove();
  });

  it("goes on after its dockerd was killed", async () => {
    const docker = await engine.connect();
    await engine.kill9();
    await expect(docker.ping()).rejects.toThrow();
    await engine.restart();
    expect(await runIn(docker, "echo again")).toContain("again");
  });
});
