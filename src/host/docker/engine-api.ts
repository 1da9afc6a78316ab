import type { Duplex } from "node:stream";

/** What a Docker engine says of itself. */
export interface EngineFacts {
  readonly version: string;
  readonly apiVersion: string;
}

/** A network to be made; in the engine's words. */
export interface NetworkBody {
  readonly Name: string;
  readonly Driver: string;
  readonly Internal: boolean;
  readonly EnableIPv6: boolean;
  readonly CheckDuplicate: boolean;
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] };
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Labels;
}

/** A container to be made; in the engine's words, whose names these are. */
export interface ContainerBody {
  readonly Image: string;
  readonly Labels: Labels;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkingConfig: { readonly EndpointsConfig: Readonly<Record<string, EndpointBody>> };
  readonly [field: string]: unknown;
}

export interface EndpointBody {
  readonly IPAMConfig?: { readonly IPv4Address: string };
  readonly Aliases?: readonly string[];
}

/** A command to be run in a container. */
export interface ExecBody {
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly Tty: boolean;
  readonly User?: string;
  readonly DetachKeys: string;
}

/** What is known of a container that is there. */
export interface ContainerState {
  readonly id: string;
  readonly isRunning: boolean;
  readonly exitCode: number;
  /** Of its first process, as the engine's machine counts. */
  readonly pid: number;
  readonly health?: string;
  readonly error: string;
  /** Ports that the engine leads to it. */
  readonly ports: readonly { readonly address: string; readonly outside: number; readonly inside: number }[];
}

/** A listed container, network or volume. */
export interface Labelled {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
}

export type Labels = Readonly<Record<string, string>>;

/** One thing that happened in the engine; the attributes are the engine's. */
export interface EngineEvent {
  readonly action: string;
  readonly container: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * A Docker engine. Every call is bounded in time and fails with a `Failure`: `docker_silent` when the engine does not
 * answer, `docker_refused` when it says no. What is to be removed and is not there counts as removed.
 */
export interface EngineApi {
  facts(): Promise<EngineFacts>;
  /** Fails with `docker_silent` within 5 s where the engine does not answer: what may wait asks this first. */
  answers(): Promise<void>;
  createNetwork(body: NetworkBody): Promise<void>;
  connectNetwork(network: string, container: string, endpoint: EndpointBody): Promise<void>;
  /** Takes whatever is still attached off it first. */
  removeNetwork(network: string): Promise<void>;
  listNetworks(label: string): Promise<readonly Labelled[]>;
  /** Resolves with the container's id. */
  createContainer(name: string, body: ContainerBody): Promise<string>;
  startContainer(container: string): Promise<void>;
  inspectContainer(container: string): Promise<ContainerState | undefined>;
  /** Kills it and removes it with its anonymous volumes; resolves when it is gone, whoever removed it. */
  removeContainer(container: string): Promise<void>;
  /** Also those that do not run. */
  listContainers(label: string): Promise<readonly Labelled[]>;
  listVolumes(label: string): Promise<readonly Labelled[]>;
  removeVolume(volume: string): Promise<void>;
  /** Resolves with the exit code when it does not run any more. Waits without bound, and for ever when the engine goes away. */
  waitContainer(container: string, signal: AbortSignal): Promise<number>;
  /** All three streams of a container's main process, from its first byte when called before it starts. */
  attach(container: string): Promise<Duplex>;
  /** Starts a command; without a terminal the stream holds both outputs (see `splitOutput`). */
  exec(container: string, body: ExecBody): Promise<{ readonly id: string; readonly stream: Duplex }>;
  resizeExec(exec: string, columns: number, rows: number): Promise<void>;
  inspectExec(exec: string): Promise<{ readonly isRunning: boolean; readonly exitCode: number | null }>;
  /**
   * Tells what happens to containers with a label, until the signal says stop; resolves when it is being told. `over`
   * resolves when nothing more is told: the engine went away, or the signal came.
   */
  followEvents(
    label: string,
    signal: AbortSignal,
    tell: (event: EngineEvent) => void,
  ): Promise<{ readonly over: Promise<void> }>;
}
