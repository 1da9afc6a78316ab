import { endProcess } from "../host/end-process.ts";
import type { Metadata } from "../spec/state-files.ts";
import type { KeeperPlace } from "./engine-neutral-host.ts";
import { runFailure } from "./errors.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { createLocalKeeperHost } from "./local-keeper-host.ts";
import type { SettleHost } from "./settle.ts";

/** This machine as keepers and settling see it, whatever the engine: an engine's own code is loaded when it is asked for. */
export interface Machine extends SettleHost {
  /** Has a gate of the local engine boot before it is known what to run; ended when another engine is asked for. */
  bootGate(): void;
  /** A keeper's host on this engine. Throws `engine_missing`. */
  keeperHost(engine: Metadata["engine"]): Promise<KeeperHost>;
}

/** Makes the machine from where its caller lives. */
export function createMachine(place: KeeperPlace): Machine {
  const local = createLocalKeeperHost(place);
  const keeperHost = async (engine: Metadata["engine"]): Promise<KeeperHost> => {
    if (engine === "local") return local;
    local.abandonGate();
    throw runFailure("engine_missing", { engine });
  };
  return {
    stateRoot: place.stateRoot,
    now: local.now,
    endProcess,
    reapGates: local.reapGates,
    undoHost: keeperHost,
    bootGate: local.bootGate,
    keeperHost,
  };
}
