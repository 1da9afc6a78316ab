import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readDockerEndpoint } from "../host/docker/docker-endpoint.ts";
import type { DockerEngine } from "../sandbox/docker/docker-engine.ts";
import type { DockerPlan, GatePlan } from "../sandbox/docker/docker-plan.ts";
import type { StartedGate } from "../sandbox/docker/start-gate-container.ts";
import { giveTree } from "../sandbox/give-tree.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import { trustFiles } from "../sandbox/trust-files.ts";
import { writePlanFiles } from "../sandbox/write-plan-files.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { proxyPort } from "../spec/proxy-port.ts";
import { createEngineNeutralHost, type KeeperPlace } from "./engine-neutral-host.ts";
import { runFailure } from "./errors.ts";
import type { GateAhead } from "./gate-ahead.ts";
import type { GuardedWorkspace, HandedListener, KeeperHost } from "./keeper-host.ts";
import { launchPlan } from "./launch-plan.ts";
import type { Facts } from "./launch-steps.ts";
import { openDockerEngine } from "./open-docker-engine.ts";
import { openDockerPorts } from "./open-docker-ports.ts";
import { readSystemBundle } from "./system-bundle.ts";

/** The gate's listener, as a sandbox's network knows it. */
const proxy = { host: "gate", port: proxyPort };

/** A keeper's host that can make a sandbox's networks and gate before there is a run. */
export interface DockerKeeperHost extends KeeperHost {
  /**
   * Makes them all; a request for this slug that would have made the same gets them from `startGate`. `record` gets facts for the
   * journal before the act that makes them true.
   */
  startGateAhead(
    ahead: GateAhead,
    paths: ReturnType<typeof statePaths>,
    record: (facts: Facts) => void,
  ): Promise<StartedGate>;
}

/** The keeper's real outside on the docker engine at this address. One for each sandbox: it remembers where its gate is. */
export async function createDockerKeeperHost(
  place: KeeperPlace,
  address: string | undefined,
  ready?: ReadyDocker,
): Promise<DockerKeeperHost> {
  const engine = ready !== undefined && ready.address === address ? ready.engine : await openDockerEngine(address);
  const plan = (request: LaunchRequest, stateDir: string) => dockerPlan(place, request, stateDir);
  let started: StartedGate | undefined;
  let early: { readonly plan: GatePlan; readonly gate: StartedGate } | undefined;
  /** Resolves when nothing stands any more where the run's own is to be made. */
  let clearing: Promise<void> | undefined;
  return {
    ...createEngineNeutralHost(place),
    startGateAhead: async ({ slug, gateImage }, paths, record) => {
      const own = gatePlan({ slug, stateDir: paths.dir, gateImage, ports: [], ...gateRoots(place) });
      const gate = await engine.startGate(own, (facts) => record({ ...facts }));
      // Until then something may turn up.
      await gate.outsideAddress;
      early = { plan: own, gate };
      return gate;
    },
    startGate: async (request, paths, record) => {
      const planned = plan(request, paths.dir);
      const made = early;
      early = undefined;
      if (made !== undefined && isDeepStrictEqual(made.plan, gatePlan(planned)) && !made.gate.input.destroyed) {
        started = made.gate;
        return started;
      }
      // It has died just now, or the command line asks for what it did not tell: the run has its own.
      clearing = made && endEarly(engine, made, record);
      await clearing;
      started = await engine.startGate(planned, (facts) => record({ ...facts }));
      return started;
    },
    prepareSandbox: async (request, paths, guarded, journal) => {
      await clearing;
      const planned = plan(request, paths.dir);
      if (planned.user.uid !== place.uid) giveShown(guarded, paths.dir, planned.user);
      const prepared = await engine.prepare(planned, { mounts: guarded.mounts }, (facts) =>
        journal.intent("sandbox_started", { ...facts }),
      );
      // A folder that was swapped for a link between looking and mounting is found here, before an agent runs.
      guarded.check(prepared.initPid);
      return {
        facts: { ...prepared.facts },
        sandbox: prepared.sandbox,
        onServiceOutput: prepared.onServiceOutput,
        hasDied: prepared.hasDied,
        leftToHand: prepared.leftToHand,
        openListener: async (port) => listenerIn(() => started, port),
        openPorts: async (gate, sandbox) => {
          if (started === undefined) throw runFailure("gate_failed", { detail: "it has no address" });
          const { outsideAddress, agentAddress, ports } = started;
          return openDockerPorts({ gate, sandbox, outsideAddress: await outsideAddress, agentAddress, ports });
        },
      };
    },
    provisionFiles: (request, paths, certificate) => {
      const planned = plan(request, paths.dir);
      const trust = trustFiles(certificate, readSystemBundle(place.environment));
      writePlanFiles({ ...planned, files: [...planned.files, ...trust] }, planned.user);
    },
    ...createUndo(engine),
  };
}

/** An engine that was opened before it was known whether it would be asked for. */
export interface ReadyDocker {
  readonly address: string;
  readonly engine: DockerEngine;
}

/** Loads what speaks to the engine that this environment names, and asks what it is: together as long as making a network. */
export async function makeDockerReady({ environment }: KeeperPlace): Promise<ReadyDocker> {
  const { address } = readDockerEndpoint(environment);
  const engine = await openDockerEngine(address);
  engine.makeReady();
  return { address, engine };
}

/** Undoing alone, for settling: finds all by the labels that the engine gave it. */
function createUndo(engine: DockerEngine) {
  return {
    reapSandbox: (stateDir: string, facts: Facts) => engine.reap(basename(stateDir), facts),
    endGate: (stateDir: string, facts: Facts) => engine.endGate(basename(stateDir), facts),
    removeScratch: (stateDir: string) => engine.removeScratch(stateDir),
  };
}

/**
 * What the agent is shown and lies with us becomes its own, where it is another user: the guard's copies of git directories and the
 * copied workspace, to write to; the guard's empty folder, which some CLI looks into before it starts (Codex), and its empty file in the place of secrets.
 */
function giveShown({ mounts }: GuardedWorkspace, stateDir: string, user: DockerPlan["user"]): void {
  for (const { source } of mounts) {
    if (source.startsWith(`${stateDir}/`)) giveTree(source, user);
  }
}

/**
 * The gate opens it by itself, at its own address: nothing of the agent's network reaches the keeper. It serves the agent
 * alone: services are on that network, too.
 */
function listenerIn(started: () => StartedGate | undefined, port: number): HandedListener {
  return {
    handTo: async (gate, sandbox) => {
      const place = started();
      if (place === undefined) throw runFailure("gate_failed", { detail: "it has no address" });
      // It serves nobody before it has its way out: the agent's command waits for that.
      await place.outsideAddress;
      gate.send({ type: "listen", sandbox, host: place.address, port, peers: [place.agentAddress] });
    },
  };
}

/** Takes away what is under a run's own names. Throws when that cannot be: nothing of the run could be made then. */
async function endEarly(
  engine: DockerEngine,
  { plan, gate }: { readonly plan: GatePlan; readonly gate: StartedGate },
  record: (facts: Facts) => void,
): Promise<void> {
  const left = await engine.endGate(plan.slug, gate.facts);
  if (left.length > 0) throw runFailure("gate_failed", { detail: left.join("; ") });
  // From here on nothing is there, and what is made anew may turn up late.
  record({ made: false });
}

/** What of a plan decides its gate, and nothing else. Pure. */
const gatePlan = ({ slug, stateDir, gateImage, ports, isRecorded, gateRoots }: GatePlan): GatePlan => ({
  slug,
  stateDir,
  gateImage: { reference: gateImage.reference, id: gateImage.id },
  ports,
  ...(isRecorded !== undefined && { isRecorded }),
  ...(gateRoots !== undefined && { gateRoots }),
});

/** Roots of trust that the person added, for the gate as for everything of ours. */
function gateRoots({ environment }: KeeperPlace): { readonly gateRoots?: string } {
  const file = environment.NODE_EXTRA_CA_CERTS;
  return file?.startsWith("/") ? { gateRoots: file } : {};
}

function dockerPlan(place: KeeperPlace, request: LaunchRequest, stateDir: string): DockerPlan {
  const { docker, policy } = request;
  if (docker === undefined) throw new Error("a request for the docker engine says what images to take");
  const { agentImage, gateImage, user, runtime, serviceImages } = docker;
  return {
    ...launchPlan(request, stateDir, proxy),
    agentImage,
    gateImage,
    user,
    ...(runtime !== undefined && { runtime }),
    ...(request.record !== undefined && { isRecorded: true }),
    ...gateRoots(place),
    services: policy.services.map(({ image, ...service }) => {
      const pinned = serviceImages[image];
      if (pinned === undefined) throw new Error(`a request with service ${service.name} says what image to take`);
      return { ...service, image: pinned };
    }),
  };
}
