import { chownSync, readdirSync, readFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { readJournal } from "../../src/sandbox/read-journal.ts";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import { createTestCli, type TestCli } from "./cli.ts";
import { dockerEngineAt } from "./docker-engine.ts";
import { inEngine } from "./docker-leftovers.ts";
import { inNetwork, listenOutside } from "./docker-network.ts";
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
  /** The command that runs another where gates dial and ports are published. */
  beside(argv: readonly string[]): readonly [string, string[]];
  /** Process id of a running sandbox's gate, the program itself, as this machine sees it. */
  gateOf(cli: TestCli, slug: string): Promise<number>;
  /** What the engine itself still has of a user's sandboxes: containers, networks, volumes. */
  heldFor(cli: TestCli): Promise<readonly string[]>;
}

/** One whose gates reach nothing but the outside world of the tests, which is another network namespace. */
export interface SealedTestEngine extends TestEngine {
  /** For `inNetwork` and `listenOutside`. */
  readonly outside: string;
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

export const localTestEngine: TestEngine = {
  name: "local",
  place: loopback,
  createCli: createTestCli,
  beside: ([program = "", ...args]) => [program, args],
  gateOf: async (cli, slug) => {
    const line = readJournal(statePaths(cli.stateRoot, slug).journal).find(
      ({ step, phase }) => step === "gate_started" && phase === "result",
    );
    return innermost(Number(line?.data.pid));
  },
  heldFor: async () => [],
};

/** Whom the images know: what a workspace belongs to, since no agent works as root. */
const agentId = 1000;

/** A place in the outside world. */
export function placeOutside(outside: string, address: string, { host = "good.test", port = 0 } = {}): TestPlace {
  const listen: TestPlace["listen"] = (server) => listenOutside(outside, server, { address, port });
  return { address, host, cidr: `${address}/32`, listen };
}

/** The tests' own Docker engine, by its name. */
export function dockerTestEngine(name: string): SealedTestEngine {
  const { connect, dockerHost, network, outside } = dockerEngineAt(name);
  return {
    name: "docker",
    outside,
    place: placeOutside(outside, addresses.site),
    createCli: () => {
      const cli = createTestCli({ CAISSON_ENGINE: "docker", DOCKER_HOST: dockerHost });
      chownSync(cli.workspace, agentId, agentId);
      return cli;
    },
    beside: (argv) => inNetwork(network, argv),
    gateOf: async (_, slug) => {
      const docker = await connect();
      return innermost((await docker.getContainer(`caisson-${slug}-gate-1`).inspect()).State.Pid);
    },
    heldFor: async (cli) => {
      const slugs = readdirSync(join(cli.stateRoot, "sandboxes"));
      return inEngine(name, (held) => slugs.some((slug) => held.includes(`caisson-${slug}`)));
    },
  };
}

/** The last process of a row of only children: the program itself, below what confines it. */
function innermost(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return children.length === 0 ? pid : innermost(Number(children.at(-1)));
}
