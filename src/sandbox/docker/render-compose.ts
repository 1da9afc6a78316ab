import { join } from "node:path";
import type { EngineFacts } from "../../host/docker/engine-api.ts";
import type { PublishedPort } from "../../spec/policy.ts";
import { keptFolders } from "../kept-folders.ts";
import { runFolderInside, sandboxFolders } from "../sandbox-folders.ts";
import { trustBundlePaths } from "../trust-files.ts";
import type { Subnet, Subnets } from "./choose-subnets.ts";
import type { ComposeFile, ComposeNetwork, ComposeService, ComposeVolume } from "./compose-file.ts";
import type { DockerDefences } from "./defences.ts";
import { type DockerRole, dockerNames, ownLabels } from "./docker-names.ts";
import type { DockerPlan, DockerService, GatePlan, NetworksPlan } from "./docker-plan.ts";

/** A bind mount that the workspace guard wants. */
export interface DockerMount {
  readonly kind: "bind" | "ro-bind";
  readonly source: string;
  readonly target: string;
}

/** What the topology depends on besides the plan. */
export interface ComposeContext {
  readonly defences: DockerDefences;
  readonly engine: EngineFacts;
  readonly subnets: Subnets;
  /** Processors of the engine's machine: it refuses a limit above. */
  readonly processors: number;
  readonly mounts: readonly DockerMount[];
}

const nobody = "65534:65534";
const gateMemoryBytes = 1024 ** 3;
const gateProcesses = 64;
/** Longest that a gate goes on without a sign of its keeper. */
const gateSilenceSeconds = 20;
const serviceProcesses = 512;
const serviceMemoryBytes = 1024 ** 3;
const mib = 1024 ** 2;

/** Where the gate finds further roots of trust. */
const gateRootsInside = "/run/caisson/extra-roots.pem";

/** Files of the sandbox's folder that are laid over the image's `/etc`. */
export const overlaidEtcFiles = ["passwd", "group", "nsswitch.conf", "resolv.conf"] as const;

/** Addresses inside the sandbox's networks, in the order in which they are given. */
const gateIndex = 0;
const agentIndex = 1;
const firstServiceIndex = 2;

/** Where the gate is on the agent's network. */
export const gateAddress = (subnets: Pick<Subnets, "internal">): string => subnets.internal.address(gateIndex);

/** Where it is towards the world, and where the engine leads published ports. */
export const gateOutsideAddress = (subnets: Pick<Subnets, "egress">): string => subnets.egress.address(gateIndex);

/** Where the agent is. */
export const agentAddress = (subnets: Pick<Subnets, "internal">): string => subnets.internal.address(agentIndex);

/** The exact topology of one sandbox, without any secret: no variable of the agent's is in it. Pure. */
export function renderCompose(plan: DockerPlan, context: ComposeContext): ComposeFile {
  const services = plan.services.map((service, index) => [service.name, renderService(plan, context, service, index)]);
  return {
    services: {
      gate: renderGate(plan, context),
      agent: renderAgent(plan, context),
      ...(Object.fromEntries(services) as Record<string, ComposeService>),
    },
    networks: renderNetworks(plan, context),
  };
}

/** The two networks: one that leads nowhere, and the gate's own way out. Pure. */
export function renderNetworks(
  plan: NetworksPlan,
  { defences, engine, subnets }: Pick<ComposeContext, "defences" | "engine" | "subnets">,
): Readonly<Record<"internal" | "egress", ComposeNetwork>> {
  const network = (role: "internal" | "egress") =>
    renderNetwork(plan, role, { defences, engine, subnet: subnets[role] });
  return { internal: network("internal"), egress: network("egress") };
}

/** One of them. Pure. */
export function renderNetwork(
  plan: NetworksPlan,
  role: "internal" | "egress",
  { defences, engine, subnet }: Pick<ComposeContext, "defences" | "engine"> & { readonly subnet: Subnet },
): ComposeNetwork {
  return {
    name: dockerNames(plan.slug)[role],
    driver: "bridge",
    internal: role === "internal" && defences.internalOnly,
    driver_opts: role === "internal" ? defences.bridge(engine) : { "com.docker.network.bridge.enable_icc": "false" },
    ipam: { config: [{ subnet: subnet.cidr, gateway: subnet.gateway }] },
    labels: ownLabels(plan.slug, plan.stateDir, role),
  };
}

/** The gate: the only one with a way out, and with nothing but its program in it. Pure. */
export function renderGate(plan: GatePlan, { subnets }: Pick<ComposeContext, "subnets">): ComposeService {
  return {
    ...common(plan, "gate", "gate", plan.gateImage.reference),
    ...(plan.isRecorded && { logging: { driver: "none", options: {} } }),
    user: nobody,
    hostname: "gate",
    // Its control channel. It ends when its input does.
    stdin_open: true,
    networks: {
      internal: { ipv4_address: gateAddress(subnets), aliases: ["gate"] },
      egress: { ipv4_address: gateOutsideAddress(subnets) },
    },
    read_only: true,
    tmpfs: [`/tmp:mode=1777,size=${64 * mib}`],
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true", `seccomp:${seccompPath(plan, "gate")}`],
    pids_limit: gateProcesses,
    mem_limit: gateMemoryBytes,
    memswap_limit: gateMemoryBytes,
    ulimits: { core: 0 },
    environment: {
      CAISSON_GATE_SILENCE_SECONDS: String(gateSilenceSeconds),
      ...(plan.gateRoots !== undefined && { NODE_EXTRA_CA_CERTS: gateRootsInside }),
    },
    ...(plan.gateRoots !== undefined && {
      volumes: [bind(plan.gateRoots, gateRootsInside, true)],
    }),
    ...(plan.ports.length > 0 && {
      ports: plan.ports.map(publishedText),
    }),
  };
}

/** The profile that a service's system calls are held to: beside the compose file, which names it. */
export const seccompPath = (plan: Pick<DockerPlan, "stateDir">, service: "agent" | "gate"): string =>
  join(plan.stateDir, `seccomp-${service}.json`);

function renderAgent(plan: DockerPlan, context: ComposeContext): ComposeService {
  const { defences, subnets, processors } = context;
  const { limits } = plan;
  const hosts = [
    `gate:${gateAddress(subnets)}`,
    ...plan.services.map(({ name }, index) => `${name}:${subnets.internal.address(firstServiceIndex + index)}`),
  ];
  const hasFilter = defences.seccomp({ unixSockets: plan.unixSockets, fixedAffinity: false }) !== undefined;
  return {
    ...common(plan, "agent", "agent", plan.agentImage.reference),
    hostname: plan.hostname,
    user: `${plan.user.uid}:${plan.user.gid}`,
    ...(plan.runtime !== undefined && { runtime: plan.runtime }),
    init: true,
    // Idle for ever: it reads what nobody writes. Any image with a shell can do that, and it ends at once.
    entrypoint: ["/bin/sh", "-c", "read -r _"],
    stdin_open: true,
    stop_signal: "SIGKILL",
    networks: { internal: { ipv4_address: agentAddress(subnets) } },
    read_only: defences.readOnlyRoot,
    ...defences.capabilities,
    security_opt: [...defences.privileges, ...(hasFilter ? [`seccomp:${seccompPath(plan, "agent")}`] : [])],
    ...(defences.limits && {
      pids_limit: limits.processes,
      mem_limit: limits.memoryBytes,
      memswap_limit: limits.memoryBytes,
      cpus: Math.min(limits.cpus, processors),
      ulimits: { core: 0, fsize: limits.diskBytes },
    }),
    shm_size: Math.floor(limits.memoryBytes / 2),
    oom_score_adj: 500,
    tmpfs: [`/run:mode=755,size=${16 * mib}`, `/var/tmp:mode=1777,size=${256 * mib}`],
    volumes: agentVolumes(plan, context),
    dns: defences.resolvers,
    dns_search: ["."],
    dns_opt: ["timeout:1", "attempts:1"],
    extra_hosts: hosts,
    healthcheck: { disable: true },
  };
}

/** Private folders, our `/etc` files and trust, then what policy and guard say. The last one said of a place counts. */
function agentVolumes(plan: DockerPlan, { defences, mounts }: ComposeContext): readonly ComposeVolume[] {
  const folders = sandboxFolders(plan.stateDir);
  const etc = overlaidEtcFiles.filter((name) => defences.ownResolverFiles || !/resolv|nsswitch/.test(name));
  const all = [
    bind(folders.home, plan.home, false),
    ...keptFolders(plan).map(({ source, target }) => bind(source, target, false)),
    bind(folders.tmp, "/tmp", false),
    bind(folders.run, runFolderInside, true),
    ...etc.map((name) => bind(join(folders.etc, name), `/etc/${name}`, true)),
    ...trustBundlePaths.map((path) => bind(folders.trustBundle, path, true)),
    ...plan.toolDirs.map((dir) => bind(dir, dir, true)),
    ...plan.mounts.map(({ source, target, writable }) => bind(source, target, !writable)),
    ...mounts.map(({ kind, source, target }) => bind(source, target, kind === "ro-bind")),
  ];
  const last = new Map(all.map((volume) => [volume.target, volume]));
  const depth = ({ target }: ComposeVolume) => target.split("/").length;
  return [...last.values()].sort((a, b) => depth(a) - depth(b));
}

function renderService(
  plan: DockerPlan,
  { subnets }: ComposeContext,
  service: DockerService,
  index: number,
): ComposeService {
  const { health } = service;
  const memory = service.memoryBytes ?? serviceMemoryBytes;
  return {
    ...common(plan, service.name, "service", service.image.reference),
    hostname: service.name,
    networks: {
      internal: { ipv4_address: subnets.internal.address(firstServiceIndex + index), aliases: [service.name] },
    },
    environment: service.environment,
    ...(service.command !== undefined && { command: service.command }),
    // What the entry points of databases need: to own their folder, and to become their user.
    cap_drop: ["ALL"],
    cap_add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
    security_opt: ["no-new-privileges:true"],
    pids_limit: serviceProcesses,
    mem_limit: memory,
    memswap_limit: memory,
    dns: ["127.0.0.1"],
    dns_search: ["."],
    ...(health !== undefined && {
      healthcheck: {
        test: health.test,
        interval: `${health.intervalSeconds}s`,
        timeout: `${health.timeoutSeconds}s`,
        retries: health.retries,
        start_period: `${health.startSeconds}s`,
      },
    }),
  };
}

/** As compose writes a published port; without a number outside the engine chooses one. */
function publishedText({ hostAddress, hostPort, port }: PublishedPort): string {
  const address = hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress;
  return `${address}:${hostPort === 0 ? "" : hostPort}:${port}`;
}

const common = (plan: NetworksPlan, service: string, role: DockerRole, image: string) => ({
  image,
  container_name: dockerNames(plan.slug).container(service),
  labels: ownLabels(plan.slug, plan.stateDir, role),
  logging: { driver: "json-file", options: { "max-size": "4m", "max-file": "2" } },
});

const bind = (source: string, target: string, isReadOnly: boolean): ComposeVolume => ({
  type: "bind",
  source,
  target,
  read_only: isReadOnly,
});
