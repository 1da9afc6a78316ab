import { Failure } from "../base/failure.ts";
import { endProcess } from "../host/end-process.ts";
import type { KeeperPlace } from "./engine-neutral-host.ts";
import { runFailure } from "./errors.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { createLocalKeeperHost, type LocalKeeperHost } from "./local-keeper-host.ts";
import type { EngineOf, SettleHost } from "./settle.ts";

/** This machine as keepers and settling see it, whatever the engine: an engine's own code is loaded when it is asked for. */
export interface Machine extends SettleHost {
  /** Has a gate of the local engine boot before it is known what to run; ended when another engine is asked for. */
  bootGate(): void;
  /** A keeper's host on this engine. Throws what the engine lacks here. */
  keeperHost(of: EngineOf): Promise<KeeperHost>;
}

/** Makes the machine from where its caller lives. */
export function createMachine(place: KeeperPlace): Machine {
  let made: LocalKeeperHost | undefined;
  // Only when it is asked for: a machine may have Docker and no bubblewrap.
  const local = () => {
    made ??= createLocalKeeperHost(place);
    return made;
  };
  /** Undefined where this machine lacks what the local engine needs: then nothing of it runs here either. */
  const localIfHere = () => {
    try {
      return local();
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  };
  const keeperHost = async (of: EngineOf): Promise<KeeperHost> => {
    if (of.engine === "local") return local();
    made?.abandonGate();
    if (of.engine === "docker") {
      const { createDockerKeeperHost } = await import("./docker-keeper-host.ts");
      return createDockerKeeperHost(place, of.docker_host);
    }
    throw runFailure("engine_missing", { engine: of.engine });
  };
  return {
    stateRoot: place.stateRoot,
    now: () => new Date(),
    endProcess,
    reapGates: async () => (await localIfHere()?.reapGates()) ?? [],
    reapStrays: async (isKept) => {
      const { reapDockerStrays } = await import("./reap-docker-strays.ts");
      return reapDockerStrays(place, isKept);
    },
    undoHost: keeperHost,
    bootGate: () => localIfHere()?.bootGate(),
    keeperHost,
  };
}
