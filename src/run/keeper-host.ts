import type { ProcessIdentity } from "../host/process-identity.ts";
import type { Decoder, SessionAbilities, SessionCodec } from "../provider/provider.ts";
import type { GateProcess } from "../sandbox/gate-process.ts";
import type { FileJournal } from "../sandbox/journal.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { CopyReport } from "../sandbox/workspace/copy/prepare-copy.ts";
import type { GuardMount, GuardNote } from "../sandbox/workspace/guard-plan.ts";
import type { Journal, Sandbox } from "../spec/engine.ts";
import type { Usage } from "../spec/events.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { Credential, PublishedPort } from "../spec/policy.ts";
import type { BrokerHost, CredentialValue } from "./credential-broker.ts";
import type { GateClient } from "./gate-client.ts";
import type { Facts, UndoHost } from "./launch-steps.ts";

/** The gate's listener in the sandbox's network: a socket that was opened there, or an address that the gate itself opens. */
export interface HandedListener {
  /** Gives it to the gate, which then answers `listening`. A socket's own copy is closed: else we, too, would accept. */
  handTo(gate: GateClient, sandbox: string): Promise<void>;
}

/** A workspace that is guarded: what its mirror and scan report while the run lasts. */
export interface GuardedWorkspace {
  readonly mounts: readonly GuardMount[];
  /** Notes for the person, told as `workspace_guarded` events. */
  readonly notes: readonly GuardNote[];
  /** Throws unless every mount is in place in the sandbox whose first process this is. */
  check(initPid: number): void;
  /** Keeps the host's view of the workspace's git true while the run lasts. */
  watch(tell: (note: GuardNote) => void): void;
  /** Ends the watch; what it has begun is finished. Settling is the undo of the step. */
  close(): Promise<void>;
}

/** A sandbox whose namespaces exist and in which nothing of the agent runs yet. */
export interface PreparedSandbox {
  readonly facts: Facts;
  readonly sandbox: Sandbox;
  /** Resolves when all that it shows is in place, and was looked at; rejects with a failure. Not there where that is so already. */
  readonly inPlace?: Promise<void>;
  openListener(port: number): Promise<HandedListener>;
  /** Where the engine has services beside the agent: what they say. */
  readonly onServiceOutput?: (listener: (service: string, bytes: Uint8Array) => void) => void;
  /** Where the engine is a server, which tells late: whether the sandbox's first process has died. */
  readonly hasDied?: () => boolean;
  /**
   * Where others can end the engine's things: resolves when whoever takes this away by hand has done so, or does no more; at
   * once where nobody does.
   */
  readonly leftToHand?: () => Promise<void>;
  /** Makes ports of the sandbox reachable through the gate; resolves with the places that they got. Throws `port_taken`. */
  openPorts(gate: GateClient, sandbox: string, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]>;
}

/** A provider's part of a session. */
export interface KeptSession {
  readonly codec: SessionCodec;
  readonly abilities: SessionAbilities;
}

/** All that the keeper does to the outside, on one engine. Real versions alone, from `machine.ts`. */
export interface KeeperHost extends UndoHost {
  readonly stateRoot: string;
  now(): Date;
  identify(pid: number): ProcessIdentity;
  openJournal(path: string): FileJournal;
  /** `record` gets facts for the journal before the act that makes them true. */
  startGate(
    request: LaunchRequest,
    paths: ReturnType<typeof statePaths>,
    record: (facts: Facts) => void,
  ): Promise<GateProcess>;
  /** For a workspace that is a copy: makes it. Stops soon when the signal says so; `progress` hears from it now and then. */
  copyWorkspace(
    request: LaunchRequest,
    paths: ReturnType<typeof statePaths>,
    watch: { readonly signal: AbortSignal; progress(so: { readonly files: number; readonly bytes: number }): void },
  ): Promise<CopyReport>;
  guardWorkspace(
    request: LaunchRequest,
    paths: ReturnType<typeof statePaths>,
    journal: Journal,
  ): Promise<GuardedWorkspace>;
  /** Makes what of the sandbox does not wait for the guard: folders, and trust in them. Not there where nothing is such. */
  readonly prepareFolders?: (request: LaunchRequest, paths: ReturnType<typeof statePaths>, certificate: string) => void;
  prepareSandbox(
    request: LaunchRequest,
    paths: ReturnType<typeof statePaths>,
    guarded: GuardedWorkspace,
    journal: Journal,
  ): Promise<PreparedSandbox>;
  mintAuthority(request: LaunchRequest): { readonly certificate: string; readonly key: string };
  /** Writes the request's files where the sandbox sees them, and trust, unless it is there; before the first command only. */
  provisionFiles(request: LaunchRequest, paths: ReturnType<typeof statePaths>, certificate: string): void;
  readCredential(credential: Credential, request: LaunchRequest): Promise<CredentialValue>;
  nextRefreshSeconds: BrokerHost["nextRefreshSeconds"];
  /** The provider's codec, when its output is to become events. */
  createDecoder(request: LaunchRequest): Promise<Decoder | undefined>;
  /** The provider's two-way codec, where the run is a session. */
  createSession(request: LaunchRequest): Promise<KeptSession | undefined>;
  /** What a model's tokens cost; loaded when the first are reported. */
  loadPrices(): Promise<(model: string, usage: Usage) => number | undefined>;
  /** The host's own addresses, which the gate never dials. */
  ownAddresses(): readonly string[];
}
