import { createHash } from "node:crypto";
import type { ContainerBody, EndpointBody, Labels, NetworkBody } from "../../host/docker/engine-api.ts";
import type { ComposeFile, ComposeHealth, ComposeNetwork, ComposeService } from "./compose-file.ts";

/** How one service of a compose file is made through the engine's API. */
export interface ServiceApplication {
  readonly project: string;
  readonly service: string;
  readonly stateDir: string;
  readonly imageId: string;
  /** The text of the profiles that `security_opt` names by file. */
  readonly profile?: string;
  /** The container's input ends with whoever is attached to it. */
  readonly inputEndsWithClient?: boolean;
}

// What `docker-compose` 1.29, whose labels these are, wants to see.
const composeVersion = "1.29.2";
const nanosecondsPerSecond = 1e9;

/** A network as compose would make it. Pure. */
export function networkBody(project: string, key: string, network: ComposeNetwork): NetworkBody {
  return {
    Name: network.name,
    Driver: network.driver,
    Internal: network.internal,
    EnableIPv6: false,
    CheckDuplicate: true,
    IPAM: { Config: network.ipam.config.map(({ subnet, gateway }) => ({ Subnet: subnet, Gateway: gateway })) },
    Options: network.driver_opts,
    Labels: {
      ...network.labels,
      "com.docker.compose.project": project,
      "com.docker.compose.network": key,
      "com.docker.compose.version": composeVersion,
    },
  };
}

/** A service's container as compose would make it, in its first network; `endpointsOf` has all of them. Pure. */
export function containerBody(
  service: ComposeService,
  application: ServiceApplication,
  networks: ComposeFile["networks"],
): ContainerBody {
  const [first] = endpointsOf(service, networks);
  const ports = (service.ports ?? []).map(parsePort);
  return {
    Image: application.imageId,
    Labels: { ...service.labels, ...composeLabels(service, application) },
    OpenStdin: service.stdin_open === true,
    StdinOnce: application.inputEndsWithClient === true,
    AttachStdin: application.inputEndsWithClient === true,
    AttachStdout: application.inputEndsWithClient === true,
    AttachStderr: application.inputEndsWithClient === true,
    Tty: false,
    ...(service.hostname !== undefined && { Hostname: service.hostname }),
    ...(service.user !== undefined && { User: service.user }),
    ...(service.entrypoint !== undefined && { Entrypoint: service.entrypoint }),
    ...(service.command !== undefined && { Cmd: service.command }),
    ...(service.environment !== undefined && {
      Env: Object.entries(service.environment).map(([name, value]) => `${name}=${value}`),
    }),
    ...(service.healthcheck !== undefined && { Healthcheck: healthBody(service.healthcheck) }),
    ...(service.stop_signal !== undefined && { StopSignal: service.stop_signal }),
    ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports.map(({ key }) => [key, {}])) }),
    HostConfig: {
      ...hostConfig(service, application.profile),
      NetworkMode: first?.[0] ?? "none",
      ...(ports.length > 0 && {
        PortBindings: Object.fromEntries(
          [...Map.groupBy(ports, ({ key }) => key)].map(([key, places]) => [
            key,
            places.map(({ address, outside }) => ({ HostIp: address, HostPort: outside })),
          ]),
        ),
      }),
    },
    NetworkingConfig: { EndpointsConfig: first === undefined ? {} : Object.fromEntries([first]) },
  };
}

/** A service's places in the networks, by the networks' names in the engine. Pure. */
export function endpointsOf(
  service: ComposeService,
  networks: ComposeFile["networks"],
): readonly (readonly [string, EndpointBody])[] {
  return Object.entries(service.networks).flatMap(([key, endpoint]) => {
    const network = networks[key];
    if (network === undefined || endpoint === undefined) return [];
    const { ipv4_address, aliases } = endpoint;
    return [
      [network.name, { IPAMConfig: { IPv4Address: ipv4_address }, ...(aliases && { Aliases: aliases }) }] as const,
    ];
  });
}

function composeLabels(service: ComposeService, { project, service: name, stateDir }: ServiceApplication): Labels {
  return {
    "com.docker.compose.project": project,
    "com.docker.compose.service": name,
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.version": composeVersion,
    "com.docker.compose.config-hash": createHash("sha256").update(JSON.stringify(service)).digest("hex"),
    "com.docker.compose.project.working_dir": stateDir,
    "com.docker.compose.project.config_files": "docker-compose.yml",
  };
}

function hostConfig(service: ComposeService, profile: string | undefined): Readonly<Record<string, unknown>> {
  const { cpus } = service;
  return {
    Init: service.init === true,
    ReadonlyRootfs: service.read_only === true,
    CapDrop: service.cap_drop ?? [],
    CapAdd: service.cap_add ?? [],
    // The engine takes the profile itself where compose's file names it.
    SecurityOpt: (service.security_opt ?? []).flatMap((option) => {
      if (!option.startsWith("seccomp:")) return [option.replace(/:true$/, "")];
      return profile === undefined ? [] : [`seccomp=${profile}`];
    }),
    PidsLimit: service.pids_limit ?? null,
    Memory: service.mem_limit ?? 0,
    MemorySwap: service.memswap_limit ?? 0,
    ...(cpus !== undefined && { NanoCpus: Math.round(cpus * nanosecondsPerSecond) }),
    ...(service.shm_size !== undefined && { ShmSize: service.shm_size }),
    OomScoreAdj: service.oom_score_adj ?? 0,
    Ulimits: Object.entries(service.ulimits ?? {}).map(([Name, value]) => ({ Name, Soft: value, Hard: value })),
    Tmpfs: Object.fromEntries((service.tmpfs ?? []).map((entry) => splitAt(entry, ":"))),
    Mounts: (service.volumes ?? []).map(({ type, source, target, read_only }) => ({
      Type: type,
      Source: source,
      Target: target,
      ReadOnly: read_only,
    })),
    Dns: service.dns ?? [],
    DnsSearch: service.dns_search ?? [],
    DnsOptions: service.dns_opt ?? [],
    ExtraHosts: service.extra_hosts ?? [],
    LogConfig: { Type: service.logging.driver, Config: service.logging.options },
    RestartPolicy: { Name: "no" },
    ...(service.runtime !== undefined && { Runtime: service.runtime }),
  };
}

function healthBody(health: ComposeHealth): Readonly<Record<string, unknown>> {
  if ("disable" in health) return { Test: ["NONE"] };
  const nanoseconds = (text: string) => Math.round(Number.parseFloat(text) * nanosecondsPerSecond);
  return {
    Test: health.test,
    Interval: nanoseconds(health.interval),
    Timeout: nanoseconds(health.timeout),
    Retries: health.retries,
    StartPeriod: nanoseconds(health.start_period),
  };
}

/** `ADDRESS:OUTSIDE:INSIDE`, as we write it. */
function parsePort(text: string) {
  const [inside = "", outside = "", ...address] = text.split(":").reverse();
  return {
    key: `${inside}/tcp`,
    outside,
    address: address
      .reverse()
      .join(":")
      .replace(/^\[(.*)\]$/, "$1"),
  };
}

function splitAt(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
