import type { EngineApi, EngineFacts } from "../../host/docker/engine-api.ts";
import { removeTree } from "../../host/process/remove-tree.ts";
import { identifyProcess, isSameProcess } from "../../host/process-identity.ts";
import type { Sandbox } from "../../spec/engine.ts";
import { sandboxFolders } from "../sandbox-folders.ts";
import type { DockerDefences } from "./defences.ts";
import type { DockerHost } from "./docker-host.ts";
import { labelNames, stateMark } from "./docker-names.ts";
import type { DockerPlan, GatePlan, NetworksPlan } from "./docker-plan.ts";
import { dockerFailure } from "./errors.ts";
import { execInContainer } from "./exec-in-container.ts";
import { type MadeNetworks, makeNetworks } from "./make-networks.ts";
import { type DockerFacts, reapContainers, reapNetworks } from "./reap-project.ts";
import type { DockerMount } from "./render-compose.ts";
import { type DockerContext, startAgent } from "./start-agent.ts";
import { type StartedGate, startGateContainer } from "./start-gate-container.ts";
import { watchContainer } from "./watch-container.ts";
import { type DockerLimitWatch, watchDockerLimits } from "./watch-docker-limits.ts";

/** A sandbox whose containers run and in which no command has run yet. */
export interface DockerSandbox {
  readonly sandbox: Sandbox;
  /** For the journal: what a later start needs to end it. */
  readonly facts: DockerFacts & { readonly agent: string };
  /** The sandbox's first process, as this machine counts. */
  readonly initPid: number;
  /** What the services say, from their first byte on as far as it was kept. */
  onServiceOutput(listener: (service: string, bytes: Uint8Array) => void): void;
  /** Whether the first process has died, as this machine sees it: the engine may tell later. */
  hasDied(): boolean;
  /** Resolves when whoever takes all of it away by hand has done so, or does no more; at once where nobody does. */
  leftToHand(): Promise<void>;
}

/** Gets facts for the journal before the act that makes them true. */
type Record_ = (facts: DockerFacts) => void;

/** A sandbox that the engine has something of. */
export interface ListedSandbox {
  readonly slug: string;
  /** The mark of the state folder that it belongs to; see `stateMark`. */
  readonly state: string;
  readonly containers: readonly string[];
  readonly networks: readonly string[];
}

/** Makes and ends sandboxes in a Docker engine, one compose project each. */
export interface DockerEngine {
  /** Asks ahead what the engine is, so that the first launch does not wait for it. Never fails. */
  makeReady(): void;
  /** Networks, and the gate's container, attached before it starts; its way out may come a moment later (`outsideAddress`). Throws `docker_port_taken`. */
  startGate(plan: GatePlan, record: Record_): Promise<StartedGate>;
  /** The agent's container, idle, and the services; resolves when they run, services that have a check: healthily. */
  prepare(plan: DockerPlan, view: { readonly mounts: readonly DockerMount[] }, record: Record_): Promise<DockerSandbox>;
  /** Ends agent and services; returns leftovers. Idempotent. */
  reap(slug: string, facts: DockerFacts): Promise<readonly string[]>;
  /** Ends the gate, removes networks and volumes; returns leftovers. Idempotent. */
  endGate(slug: string, facts: DockerFacts): Promise<readonly string[]>;
  /** Every sandbox that the engine has something of, whoever's. */
  list(): Promise<readonly ListedSandbox[]>;
  /** Removes the private folders of a sandbox that is gone; returns leftovers. Idempotent. */
  removeScratch(stateDir: string): Promise<readonly string[]>;
}

/** Makes the engine; only the attack battery gives other defences than `dockerDefences`. */
export function createDockerEngine(parts: {
  readonly docker: EngineApi;
  readonly host: DockerHost;
  readonly defences: DockerDefences;
}): DockerEngine {
  const { docker: api, host, defences } = parts;
  let asked: Promise<EngineFacts> | undefined;
  const askEngine = (): Promise<EngineFacts> => {
    asked ??= api.facts();
    asked.catch(() => {
      asked = undefined;
    });
    return asked;
  };
  const context = async (): Promise<DockerContext> => ({ api, host, defences, engine: await askEngine() });
  // Gate and sandbox are started side by side; whoever comes first makes the networks for both.
  const networks = new Map<string, MadeNetworks>();
  const networksOf = (plan: NetworksPlan, facts: DockerFacts, record: Record_): MadeNetworks => {
    const key = `${plan.slug} ${facts.state}`;
    const made =
      networks.get(key) ?? makeNetworks({ api, defences, facts: askEngine, record: () => record(facts) }, plan);
    networks.set(key, made);
    return made;
  };
  const forget = (slug: string) => {
    for (const key of networks.keys()) if (key.startsWith(`${slug} `)) networks.delete(key);
  };
  return {
    makeReady: () => void askEngine().catch(() => {}), // Who needs it asks again.
    startGate: async (plan, record) => {
      const facts = { state: stateMark(plan.stateDir) };
      const made = networksOf(plan, facts, record);
      await made.internal;
      record(facts);
      const started = await startGateContainer(await context(), plan, made);
      return { ...started, facts: { ...facts, ...started.facts, made: true } };
    },
    prepare: async (plan, view, record) => {
      const facts = { state: stateMark(plan.stateDir) };
      record(facts);
      return prepare(await context(), plan, { view, facts, networks: networksOf(plan, facts, () => {}) });
    },
    reap: (slug, facts) => reapContainers(api, slug, facts, ["agent", "service"]),
    endGate: async (slug, facts) => {
      forget(slug);
      const gate = await reapContainers(api, slug, facts, ["gate"]);
      return [...new Set([...gate, ...(await reapNetworks(api, slug, facts))])];
    },
    list: () => list(api),
    removeScratch: async (stateDir) => {
      const failed = removeTree(sandboxFolders(stateDir).private);
      return failed === undefined ? [] : [failed];
    },
  };
}

async function prepare(
  context: DockerContext,
  plan: DockerPlan,
  given: {
    readonly view: { readonly mounts: readonly DockerMount[] };
    readonly networks: MadeNetworks;
    readonly facts: DockerFacts;
  },
): Promise<DockerSandbox> {
  const { api, host, defences } = context;
  let stopping: Promise<{ leftovers: readonly string[] }> | undefined;
  const limits: DockerLimitWatch = watchDockerLimits(host, plan, () => void stop());
  const watching = watchContainer(api, plan.slug, limits.outOfMemory);
  const [watch, { id, initPid, outputs }] = await Promise.all([
    watching,
    startAgent(context, plan, given.view.mounts, given.networks),
  ]).catch((error: unknown) => {
    void watching.then((watch) => watch.close()).catch(() => {});
    throw error;
  });
  const init = identifyProcess(initPid);
  watch.follow(id);
  limits.follow(initPid);
  let hasEnded = false;
  const gone = watch.gone.then(({ reason }) => {
    hasEnded = true;
    limits.check();
    limits.close();
    return { reason: limits.breach() ?? reason };
  });
  function stop(): Promise<{ leftovers: readonly string[] }> {
    stopping ??= (async () => {
      limits.close();
      const left = await reapContainers(api, plan.slug, { ...given.facts, made: true }, ["agent", "service"]);
      if (left.length === 0) await gone;
      watch.close();
      return { leftovers: left };
    })();
    return stopping;
  }
  const place = { api, defences, plan, container: id, ends: watch.ends };
  return {
    facts: { ...given.facts, made: true, agent: id },
    initPid,
    onServiceOutput: (listener) => {
      for (const [service, output] of outputs) output.listen((bytes) => listener(service, bytes));
    },
    hasDied: () => !isSameProcess(init),
    leftToHand: () => watch.hand.done(),
    sandbox: {
      slug: plan.slug,
      limitMechanisms: { cpu: "docker", memory: "docker", processes: "docker", disk: "watchdog, rlimit of each file" },
      exec: async (request) => {
        if (hasEnded || stopping !== undefined) throw dockerFailure("docker_exec_failed", { detail: "it has ended" });
        const running = await execInContainer(place, request);
        return { ...running, ended: running.ended.finally(limits.check) };
      },
      onLimit: limits.onLimit,
      gone,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    },
  };
}

async function list(api: EngineApi): Promise<readonly ListedSandbox[]> {
  const [containers, networks] = await Promise.all([
    api.listContainers(labelNames.slug),
    api.listNetworks(labelNames.slug),
  ]);
  const found = new Map<string, { slug: string; state: string; containers: string[]; networks: string[] }>();
  for (const [kind, things] of [
    ["containers", containers],
    ["networks", networks],
  ] as const) {
    for (const { name, labels } of things) {
      const slug = labels[labelNames.slug] ?? "";
      const state = labels[labelNames.state] ?? "";
      const entry = found.get(`${slug} ${state}`) ?? { slug, state, containers: [], networks: [] };
      entry[kind].push(name);
      found.set(`${slug} ${state}`, entry);
    }
  }
  return [...found.values()];
}
