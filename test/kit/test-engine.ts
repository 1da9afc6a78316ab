import { chownSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { createTestCli, type TestCli } from "./cli.ts";
import { dockerEngineAt } from "./docker-engine.ts";
import { listenOutside } from "./docker-network.ts";
import { addresses } from "./world-addresses.ts";

/** Where a server of a test answers, as a gate reaches it. */
export interface TestPlace {
  readonly address: string;
  /** A name that leads there. */
  readonly host: string;
  /** CIDR for a route's `allowAddresses`. */
  readonly cidr: string;
  /** Resolves with the port. */
  listen(server: Server): Promise<number>;
}

/** An engine that a suite runs on. */
export interface TestEngine {
  readonly name: "local" | "docker";
  readonly place: TestPlace;
  /** A new user, whose runs are on this engine. */
  createCli(): TestCli;
}

/** This machine's loopback, where a gate of the local engine is. */
export const loopback: TestPlace = {
  address: "127.0.0.1",
  host: "localhost",
  cidr: "127.0.0.0/8",
  listen: async (server) => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  },
};

export const localTestEngine: TestEngine = { name: "local", place: loopback, createCli: createTestCli };

/** Whom the images know: what a workspace belongs to, since no agent works as root. */
const agentId = 1000;

/** The tests' own Docker engine, by its name. */
export function dockerTestEngine(name: string): TestEngine {
  const { dockerHost, outside } = dockerEngineAt(name);
  return {
    name: "docker",
    place: {
      address: addresses.site,
      host: "good.test",
      cidr: `${addresses.site}/32`,
      listen: (server) => listenOutside(outside, server, { address: addresses.site }),
    },
    createCli: () => {
      const cli = createTestCli({ CAISSON_ENGINE: "docker", DOCKER_HOST: dockerHost });
      chownSync(cli.workspace, agentId, agentId);
      return cli;
    },
  };
}
