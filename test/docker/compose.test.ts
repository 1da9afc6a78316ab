import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { chooseSubnets } from "../../src/sandbox/docker/choose-subnets.ts";
import type { ComposeFile } from "../../src/sandbox/docker/compose-file.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { type DockerBox, freshSlug, launchDockerBox, openDockerWorld } from "../kit/docker-sandbox.ts";

const engine = dockerEngineAt(inject("dockerEngine"));
const world = await openDockerWorld(inject("dockerEngine"));

/** Debian's docker-compose 1.29, on a sandbox's file, as a person types it. */
const compose = (box: DockerBox, ...argv: string[]) =>
  execFileSync(
    "docker-compose",
    ["-f", join(box.stateDir, "docker-compose.yml"), "-p", `caisson-${box.slug}`, ...argv],
    {
      encoding: "utf8",
      env: { ...process.env, DOCKER_HOST: engine.dockerHost },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );

/** What matters of a sandbox's topology, as the engine has it. */
async function topology(box: DockerBox) {
  const docker = await engine.connect();
  const parts = ["agent", "gate"].map(async (service) => {
    const { Config, HostConfig, NetworkSettings, Mounts } = await docker
      .getContainer(`caisson-${box.slug}-${service}-1`)
      .inspect();
    const { CapDrop, ReadonlyRootfs, Memory, MemorySwap, PidsLimit, NanoCpus, Init, Tmpfs, Dns, ShmSize } = HostConfig;
    return {
      service,
      config: [Config.User, Config.Entrypoint, Config.Hostname, Config.OpenStdin],
      host: { CapDrop, ReadonlyRootfs, Memory, MemorySwap, PidsLimit, NanoCpus, Tmpfs, ShmSize },
      // Not said and said to be nothing are one.
      unsaid: [Init === true, Dns ?? []],
      security: HostConfig.SecurityOpt?.map((option: string) =>
        option.replace(/^seccomp=.*/s, "seccomp").replace(/:true$/, ""),
      ),
      networks: Object.entries(NetworkSettings.Networks)
        .map(([key, { IPAMConfig }]) => [key, IPAMConfig])
        .sort(),
      mounts: Mounts.map(({ Source, Destination, RW }) => [Source, Destination, RW]).sort(),
    };
  });
  const networks = ["internal", "egress"].map(async (key) => {
    const { Internal, Options, IPAM, EnableIPv6 } = await docker.getNetwork(`caisson-${box.slug}_${key}`).inspect();
    return { Internal, Options, subnet: IPAM?.Config, EnableIPv6 };
  });
  return { services: await Promise.all(parts), networks: await Promise.all(networks) };
}

describe("docker-compose on a sandbox", () => {
  it("shows it, ends it, and makes the same topology from the written file", async () => {
    await using box = await launchDockerBox(world, {}, { withGate: true });
    const shown = compose(box, "ps");
    expect(shown).toMatch(new RegExp(`caisson-${box.slug}-agent-1 .* Up`));
    expect(shown).toMatch(new RegExp(`caisson-${box.slug}-gate-1 .* Up`));
    expect(() => compose(box, "logs", "--no-color")).not.toThrow();
    const made = await topology(box);
    compose(box, "down", "--timeout", "2");
    expect(await world.engine.list()).toEqual([]);
    compose(box, "up", "--detach", "--no-build");
    expect(await topology(box)).toEqual(made);
    compose(box, "down", "--timeout", "2");
    expect(await world.engine.list()).toEqual([]);
  });

  it("names the addresses that a network got, where somebody has those that it was to have", async () => {
    const slug = freshSlug();
    const wished = chooseSubnets(slug, 0).egress.cidr;
    const docker = await engine.connect();
    const taken = await docker.createNetwork({ Name: `taken-${slug}`, IPAM: { Config: [{ Subnet: wished }] } });
    try {
      await using box = await launchDockerBox(world, { slug }, { withGate: true });
      const { networks, services } = await topology(box);
      const subnet = networks[1]?.subnet?.[0]?.Subnet;
      expect(subnet).not.toBe(wished);
      const file = parse(readFileSync(join(box.stateDir, "docker-compose.yml"), "utf8")) as ComposeFile;
      expect(file.networks.egress?.ipam.config[0]?.subnet).toBe(subnet);
      const address = file.services.gate?.networks.egress?.ipv4_address;
      expect(services[1]?.networks).toContainEqual([
        `caisson-${slug}_egress`,
        expect.objectContaining({ IPv4Address: address }),
      ]);
    } finally {
      await taken.remove();
    }
  });
});
