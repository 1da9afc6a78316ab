import { Failure } from "../base/failure.ts";
import { endProcess } from "../host/end-process.ts";
import { removeTree } from "../host/process/remove-tree.ts";
import { identifyProcess } from "../host/process-identity.ts";
import type { DockerKeeperHost, ReadyDocker } from "./docker-keeper-host.ts";
import { createEngineNeutralHost, type KeeperPlace } from "./engine-neutral-host.ts";
import { runFailure } from "./errors.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { createLocalKeeperHost, type LocalKeeperHost } from "./local-keeper-host.ts";
import { rehearsalPlace } from "./rehearsal-place.ts";
import type { EngineOf, SettleHost } from "./settle.ts";

/** This machine as keepers and settling see it, whatever the engine: an engine's own code is loaded when it is asked for. */
export interface Machine extends SettleHost {
  /**
   * Makes ready for a run on this engine before it is known what to run: the local engine's gate boots (ended when another
   * engine is asked for), the docker engine's code is loaded.
   */
  makeReady(likely: string | undefined): void;
  /**
   * Launches a sandbox for nobody, on the local engine where that is the likely one, and makes ready again. Never rejects. To be
   * disposed of at the end, whatever has run since.
   */
  rehearse(likely: string | undefined, signal: AbortSignal): Promise<Disposable>;
  /** A keeper's host on this engine. Throws what the engine lacks here. */
  keeperHost(of: EngineOf): Promise<KeeperHost>;
  /** One on the docker engine at this address, which can make a gate before there is a run. */
  dockerHost(address: string | undefined): Promise<DockerKeeperHost>;
}

/** Makes the machine from where its caller lives. */
export function createMachine(place: KeeperPlace): Machine {
  let made: LocalKeeperHost | undefined;
  let ready: Promise<ReadyDocker | undefined> | undefined;
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
  const dockerHost = async (address: string | undefined) => {
    const { createDockerKeeperHost } = await import("./docker-keeper-host.ts");
    return createDockerKeeperHost(place, address, await ready);
  };
  const keeperHost = async (of: EngineOf): Promise<KeeperHost> => {
    if (of.engine === "local") return local();
    made?.abandonGate();
    if (of.engine === "docker") return dockerHost(of.docker_host);
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
    makeReady: (likely) => {
      if (likely === "docker")
        ready = import("./docker-keeper-host.ts")
          .then(({ makeDockerReady }) => makeDockerReady(place))
          .catch(() => undefined); // What is the matter is told when it is asked for.
      else localIfHere()?.makeReady();
    },
    rehearse: async (likely, signal) => {
      const host = likely === "docker" ? undefined : localIfHere();
      if (host === undefined) return { [Symbol.dispose]: () => {} };
      const { rehearseLaunch } = await import("./rehearse-launch.ts");
      const hostAt = (stateRoot: string) => ({ ...host, ...createEngineNeutralHost({ ...place, stateRoot }) });
      await rehearseLaunch({ stateRoot: place.stateRoot, hostAt }, signal);
      host.makeReady();
      const { folder } = rehearsalPlace(place.stateRoot, identifyProcess(process.pid));
      host.prepareAhead(folder);
      return { [Symbol.dispose]: () => void removeTree(folder) };
    },
    keeperHost,
    dockerHost,
  };
}
