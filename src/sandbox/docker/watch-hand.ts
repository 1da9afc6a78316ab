import type { EngineApi, EngineEvent } from "../../host/docker/engine-api.ts";
import { labelNames } from "./docker-names.ts";

/** What a person, or a program of theirs, does to a sandbox's containers beside us. */
export interface HandWatch {
  tell(event: EngineEvent): void;
  /**
   * Resolves when whoever stops containers of this sandbox has removed all that it has, or does nothing more; at once where
   * nobody does. Never rejects.
   */
  done(): Promise<void>;
}

/** What comes after each other in a `docker-compose down`; once nothing has for so long, the rest is ours. */
const quietMilliseconds = 3000;
const lookMilliseconds = 100;
const steps: ReadonlySet<string> = new Set(["kill", "die", "stop", "destroy"]);
/** We remove, which is no question to the container. Whoever stops it in order may go on to remove it, and fail on what is gone. */
const ourSignal = "9";

/** Watches for somebody else's `docker-compose down`, which we would meet halfway. */
export function watchHand(api: EngineApi, slug: string): HandWatch {
  let lastAt: number | undefined;
  const hasAny = async () => {
    const label = `${labelNames.slug}=${slug}`;
    const found = await Promise.all([api.listContainers(label), api.listNetworks(label)]);
    return found.flat().length > 0;
  };
  return {
    tell: ({ action, attributes }) => {
      const begins = action === "kill" && attributes.signal !== ourSignal;
      if (begins || (lastAt !== undefined && steps.has(action))) lastAt = performance.now();
    },
    done: async () => {
      while (lastAt !== undefined && performance.now() - lastAt < quietMilliseconds) {
        // An engine that goes away stops its containers in order, too.
        if (!(await hasAny().catch(() => false))) return;
        await new Promise((resolve) => setTimeout(resolve, lookMilliseconds));
      }
    },
  };
}
