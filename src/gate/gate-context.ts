import type { Replayer } from "../model/replay.ts";
import type { FromGate } from "../spec/gate-protocol.ts";
import type { Deadlines } from "./deadlines.ts";
import type { GateLimits } from "./limits.ts";
import type { SandboxState } from "./sandbox-state.ts";
import type { Trust } from "./upstream/trust.ts";

/** The effects that a gate is given. */
export interface GateEffects {
  /** Tells the keeper; never throws. */
  send(message: FromGate): void;
  /** Whether so much waits for the keeper that a new request must wait too: no decision goes untold. */
  isCongested(): boolean;
  whenClear(callback: () => void): void;
  resolve(host: string): Promise<readonly string[]>;
  /** The addresses of this machine's own interfaces. */
  ownAddresses(): readonly string[];
  readonly clock: { now(): number };
}

/** A request under way. */
export interface OpenRequest {
  cut(reason: string): void;
}

/** What all parts of one gate share. */
export interface GateContext extends GateEffects {
  readonly limits: GateLimits;
  readonly deadlines: Deadlines;
  readonly trust: Trust;
  /** Requests under way, so that a shut gate can tell of them. */
  readonly open: Set<OpenRequest>;
  replayer(sandbox: SandboxState): Replayer;
}
