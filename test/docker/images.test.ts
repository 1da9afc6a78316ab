import type Docker from "dockerode";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { runOnce } from "../../src/host/docker/run-once.ts";
import { buildTarget } from "../../src/sandbox/docker/images/build-target.ts";
import { checkImage } from "../../src/sandbox/docker/images/check-image.ts";
import { chooseAgentImage, findImage } from "../../src/sandbox/docker/images/find-image.ts";
import { baseImage } from "../kit/base-image.ts";
import { createTestCli } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { listenOutside } from "../kit/docker-network.ts";
import { hideImage } from "../kit/hide-image.ts";
import { createTinyRegistry } from "../kit/tiny-registry.ts";
import { addresses } from "../kit/world-addresses.ts";

const engine = dockerEngineAt(inject("dockerEngine"));
let docker: Docker;
beforeAll(async () => {
  docker = await engine.connect();
});

/** Runs a container with the image's own entry, and gives what it said. */
async function start(image: string, cmd: readonly string[], options: Docker.ContainerCreateOptions = {}) {
  const hostConfig = { NetworkMode: "none", ...options.HostConfig };
  const container = await docker.createContainer({
    Image: image,
    Cmd: [...cmd],
    Tty: true,
    ...options,
    HostConfig: hostConfig,
  });
  try {
    await container.start();
    await container.wait();
    return String(await container.logs({ stdout: true, stderr: true })).replaceAll("\r", "");
  } finally {
    await container.remove({ force: true });
  }
}

const quietHost = () => ({
  docker,
  readNpm: async () => undefined,
  proxies: {},
  now: () => 0,
  tell: () => undefined,
  signal: new AbortController().signal,
});

describe("the claude-code image", () => {
  const image = "caisson-claude-code:latest";

  it("holds the agent and the tools, and starts them with the network cut", async () => {
    const outcome = await runOnce(docker, image, [
      "sh",
      "-c",
      "claude --version; node --version; npm --version; git --version; rg --version; python3 --version; curl --version",
    ]);
    expect(outcome).toMatchObject({ started: true, exitCode: 0 });
    const output = outcome.started ? outcome.output : "";
    for (const text of ["(Claude Code)", "v26.", "git version", "ripgrep", "Python 3", "curl "]) {
      expect(output).toContain(text);
    }
  });

  it("becomes an ordinary user for good whoever starts it, and is root while another image is built on it", async () => {
    const asked = await start(image, ["sh", "-c", "id; grep -E 'CapBnd|NoNewPrivs' /proc/self/status; echo $HOME"]);
    expect(asked).toContain("uid=1000(agent) gid=1000(agent) groups=1000(agent)");
    expect(asked).toMatch(/CapBnd:\s+0+\n/);
    expect(asked).toMatch(/NoNewPrivs:\s+1\n/);
    expect(asked).toContain("/home/agent");
    const { Config } = await docker.getImage(image).inspect();
    expect(Config.User).toBe("");
    const kept = await start(image, ["id", "-u"], { User: "4321:4321", HostConfig: { CapDrop: ["ALL"] } });
    expect(kept.trim()).toBe("4321");
  });

  it("idles when nothing is said", async () => {
    const container = await docker.createContainer({ Image: image, HostConfig: { NetworkMode: "none", Init: true } });
    try {
      await container.start();
      expect((await container.inspect()).State.Running).toBe(true);
      const { Processes } = await container.top();
      expect(Processes.flat().join(" ")).toContain("sleep infinity");
    } finally {
      await container.remove({ force: true });
    }
  });
});

describe("the gate image", () => {
  it("holds Node and the gate, no shell, and runs as nobody", async () => {
    const version = await start("caisson-gate:latest", ["--version"]);
    expect(version).toMatch(/^v26\./);
    const uid = await start("caisson-gate:latest", ["-e", "console.log(String(process.getuid()))"], {
      HostConfig: { ReadonlyRootfs: true },
    });
    expect(uid.trim()).toBe("65534");
    await expect(checkImage(docker, { image: "caisson-gate:latest", programs: [] })).rejects.toMatchObject({
      code: "image_lacks",
      data: { lacks: ["sh"] },
    });
    const { Size } = await docker.getImage("caisson-gate:latest").inspect();
    expect(Size).toBeLessThan(200 * 1024 ** 2);
  });
});

describe("what an image remembers", () => {
  it.each(["gate", "claude-code"])("%s: nothing of where its packages came from", async (target) => {
    const image = docker.getImage(`caisson-${target}:latest`);
    const remembered = JSON.stringify([await image.history(), await image.inspect()]);
    expect(remembered).toContain("caisson.key");
    expect(remembered).not.toMatch(/NPM_|registry|https?:|Bearer|Basic |BEGIN CERT/);
  });

  it("pi: nothing of a sign-in either, nor any layer that only fetched", async () => {
    const { server, signIns } = await createTinyRegistry();
    await using _ = server;
    await using __ = await hideImage(docker, "pi");
    const port = await listenOutside(engine.outside, server, { address: addresses.site });
    const npm = { registry: `http://${addresses.site}:${port}/`, signIn: "Bearer npm-sign-in-7f1c" };
    const built = await buildTarget({ ...quietHost(), readNpm: async () => npm }, { target: "pi", base: baseImage });
    expect(signIns).toEqual([npm.signIn, npm.signIn]);
    expect(await start(built.id, ["pi", "--version"])).toContain("1.2.3");
    const images = await docker.listImages({ all: true });
    const histories = await Promise.all(images.map(({ Id }) => docker.getImage(Id).history()));
    const remembered = JSON.stringify([histories, await docker.getImage(built.id).inspect()]);
    expect(remembered).not.toContain("npm-sign-in-7f1c");
    expect(remembered).not.toContain(npm.registry);
    const inside = await start(built.id, ["sh", "-c", "grep -rls npm-sign-in-7f1c /etc /home /opt /root /usr /var"], {
      User: "0",
      Entrypoint: [""],
    });
    expect(inside).toBe("");
  });
});

describe("buildTarget()", () => {
  it("says so when nothing changed, and builds anew on another base", async () => {
    const wish = { target: "gate", base: baseImage, network: "none" };
    const first = await buildTarget(quietHost(), wish);
    expect(first.state).toBe("up to date");
    const container = await docker.createContainer({ Image: baseImage, Cmd: ["true"] });
    const { Id: other } = (await container.commit({ repo: "caisson-test-other" })) as { Id: string };
    await container.remove();
    try {
      await expect(buildTarget(quietHost(), { ...wish, base: "caisson-test-other" })).rejects.toMatchObject({
        code: "image_build_failed",
      });
    } finally {
      await docker.getImage(other).remove({ force: true });
    }
  });

  it("tells the step that failed and what it said", async () => {
    await using _ = await hideImage(docker, "pi");
    const wish = { target: "pi", base: baseImage, network: "none" };
    const failure = await buildTarget(quietHost(), wish).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "image_build_failed",
      data: { step: expect.stringMatching(/fetch-node\.sh$/) },
    });
    expect((failure as Error).message).toContain("where do npm packages come from?");
  });

  it("names a base image that is not to be had", async () => {
    const wish = { target: "gate", base: "nowhere.test/none:1" };
    await expect(buildTarget(quietHost(), wish)).rejects.toMatchObject({ code: "image_base_missing", exit: 4 });
  });

  it("stops when it is told to, in the engine too", async () => {
    await using _ = await hideImage(docker, "copilot");
    const abort = new AbortController();
    const host = { ...quietHost(), signal: abort.signal, tell: () => abort.abort() };
    await expect(buildTarget(host, { target: "copilot", base: baseImage, network: "none" })).rejects.toThrow();
    // The engine ends its step when it sees that nobody listens.
    await expect.poll(async () => (await docker.listContainers()).length).toBe(0);
  });
});

describe("choosing the image of an agent", () => {
  it("takes the snapshot, else its own, else the named, else the provider's", async () => {
    const target = "claude-code";
    const latest = (await findImage(docker, { target }))?.id;
    expect((await chooseAgentImage(docker, { target })).id).toBe(latest);
    const named = await chooseAgentImage(docker, { target, image: baseImage });
    expect(named.reference).toBe(baseImage);
    const own = { target, image: "none:1", buildOwn: async () => named };
    expect((await chooseAgentImage(docker, own)).id).toBe(named.id);
    expect((await chooseAgentImage(docker, { ...own, snapshot: "caisson-gate:latest" })).id).not.toBe(named.id);
  });

  it("never goes on without a recorded snapshot unless it is told to", async () => {
    const sources = { target: "claude-code", snapshot: "caisson-snapshot:gone" };
    await expect(chooseAgentImage(docker, sources)).rejects.toMatchObject({ code: "image_snapshot_missing" });
    await expect(chooseAgentImage(docker, { ...sources, mayDropSnapshot: true })).resolves.toBeDefined();
    await expect(chooseAgentImage(docker, { target: "claude-code", image: "none:1" })).rejects.toMatchObject({
      code: "image_missing",
    });
  });

  it("says all that an image lacks", async () => {
    const lacking = checkImage(docker, { image: baseImage, programs: ["git", "bash", "claude"] });
    await expect(lacking).rejects.toMatchObject({ code: "image_lacks", data: { lacks: ["git", "claude"] } });
    await checkImage(docker, { image: "caisson-claude-code:latest", programs: ["git", "claude"] });
  });
});

describe("caisson images", () => {
  it("builds at once what is there, and lists it", async () => {
    await using cli = createTestCli();
    const env = { DOCKER_HOST: engine.dockerHost };
    const built = await cli.run(["images", "build", "gate", "--base", baseImage, "--json"], { env });
    expect(built.exitCode).toBe(0);
    expect(built.json()).toMatchObject({ target: "gate", state: "up to date" });
    const listed = await cli.run(["images", "ls", "--json"], { env });
    expect(listed.jsonLines()).toContainEqual(expect.objectContaining({ target: "claude-code", isLatest: true }));
    const text = await cli.run(["images", "ls"], { env });
    expect(text.stdout).toMatch(/^gate +caisson-gate:[0-9a-f]{12} +\d+(\.\d)? MB .*latest$/m);
  });

  it("says which targets there are, and that no engine answers", async () => {
    await using cli = createTestCli();
    const strange = await cli.run(["images", "build", "nope"], { env: { DOCKER_HOST: engine.dockerHost } });
    expect(strange.exitCode).toBe(2);
    expect(strange.stderr).toContain("gate, base, claude-code, pi, codex, copilot");
    const silent = await cli.run(["images", "ls"], { env: { DOCKER_HOST: "unix:///nowhere/docker.sock" } });
    expect(silent.exitCode).toBe(4);
    expect(silent.stderr).toContain("does not answer at unix:///nowhere/docker.sock");
  });
});
