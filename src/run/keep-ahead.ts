import { truncateSync, writeFileSync } from "node:fs";
import { newSlug } from "../base/slug.ts";
import { randomBelow } from "../host/random-bytes.ts";
import type { StartedGate } from "../sandbox/docker/start-gate-container.ts";
import { statePaths } from "../sandbox/state-paths.ts";
import type { DockerKeeperHost } from "./docker-keeper-host.ts";
import { endAhead } from "./end-ahead.ts";
import type { AheadTold, GateWish } from "./gate-ahead.ts";
import { claimSlug } from "./keeper.ts";
import type { Machine } from "./machine.ts";

/** What a keeper has in the docker engine before its request is there. */
export interface AheadKeeping {
  /** Makes it, once; tells when it is there, and when it is not any more. Never throws. */
  make(wish: GateWish): void;
  /** Where a request of this slug runs, with what was made for it: from here on that is the run's. Undefined for every other slug. */
  take(slug: string): Promise<DockerKeeperHost | undefined>;
  /** Takes away what no run took; what cannot be (the engine is gone) is for whoever settles. Never rejects; says whether all is gone. */
  end(): Promise<boolean>;
}

const slugTries = 5;
/** Of the event loop: a stream that is closed says so in the second. */
const turns = 3;

/** Nothing is made before it is asked for. */
export function keepAhead(machine: Machine, tell: (told: AheadTold) => void): AheadKeeping {
  let making: Promise<void> | undefined;
  let mine: { readonly slug: string; readonly host: DockerKeeperHost } | undefined;
  let gate: StartedGate | undefined;
  let ended: Promise<boolean> | undefined;
  let isTaken = false;

  const make = async (wish: GateWish): Promise<void> => {
    const host = await machine.dockerHost(wish.address);
    const slug = drawSlug(host);
    mine = { slug, host };
    const paths = statePaths(machine.stateRoot, slug);
    const journal = host.openJournal(paths.journal);
    // All that undoing needs, should we die: there is no metadata without a run.
    journal.intent("gate_started", { engine: "docker", docker_host: wish.address });
    const ahead = { ...wish, slug };
    gate = await host.startGateAhead(ahead, paths, (facts) => journal.intent("gate_started", facts));
    journal.result("gate_started", gate.facts);
    journal.close();
    void gate.ended.then((how) => lose(`the gate that was made ahead has gone: ${how}`));
    tell({ ahead });
  };
  const lose = (reason: string) => {
    if (isTaken || ended !== undefined) return;
    tell({ ahead: null, reason });
    void end();
  };
  const end = (): Promise<boolean> => {
    ended ??= (async () => {
      await making;
      if (mine === undefined || isTaken) return true;
      const paths = statePaths(machine.stateRoot, mine.slug);
      const { host } = mine;
      const left = await endAhead(host, paths, host.openJournal(paths.journal)).catch((error: unknown) => [
        String(error),
      ]);
      // An empty marker is nobody's: the next start or cleanup goes on, although we may live long.
      if (left.length > 0) truncateSync(paths.open);
      return left.length === 0;
    })();
    return ended;
  };
  return {
    make: (wish) => {
      making ??= make(wish).catch((error: unknown) => lose(error instanceof Error ? error.message : String(error)));
    },
    take: async (slug) => {
      if (mine?.slug !== slug) return undefined;
      // What has been told of its end by now is heard first.
      for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
      if (gate?.input.destroyed) lose("the gate that was made ahead has just gone");
      // Lost while it was asked for: the name is free again, or what is left is the run's to clear, or to fail on.
      if (ended !== undefined) {
        if (await ended) return undefined;
        writeFileSync(statePaths(machine.stateRoot, slug).open, JSON.stringify(mine.host.identify(process.pid)));
      }
      isTaken = true;
      return mine.host;
    },
    end,
  };
}

function drawSlug(host: DockerKeeperHost): string {
  for (let tried = 1; ; tried += 1) {
    const slug = newSlug(randomBelow);
    if (claimSlug(host, { slug, resumes: false })) return slug;
    if (tried === slugTries) throw new Error(`${slugTries} slugs are taken`);
  }
}
