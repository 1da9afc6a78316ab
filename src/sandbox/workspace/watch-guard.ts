import { isAbsolute, relative } from "node:path";
import { boundNotes } from "./bound-notes.ts";
import { isWithin } from "./facts/path-within.ts";
import type { GuardHost } from "./guard-host.ts";
import type { GuardNote, GuardPlan } from "./guard-plan.ts";
import { mirrorLive } from "./live/mirror-live.ts";
import { watchMasks } from "./live/watch-masks.ts";
import { watchPlants } from "./live/watch-plants.ts";

/** What goes on in a guarded workspace while a sandbox runs. */
export interface GuardWatch extends AsyncDisposable {
  /** Does all there is to do right now; what a git holds locked is tried again later. */
  flush(): Promise<void>;
  /** Stops; resolves when nothing of it runs any more. To be awaited before the guard is settled. */
  close(): Promise<void>;
}

/**
 * Keeps HEAD, the index and their like the same on the host and inside while a sandbox runs, and disarms what is planted
 * where programs of the host come by. It never throws: what it misses, `settleGuard` makes up for.
 */
export function watchGuard(host: GuardHost, plan: GuardPlan, tell: (note: GuardNote) => void): GuardWatch {
  const pass = boundNotes(tell);
  const tellOnce = ({ path, action, detail }: GuardNote) => {
    const inTree = isAbsolute(path) && isWithin(path, plan.workspace);
    pass({ path: inTree ? relative(plan.workspace, path) || "." : path, action, detail });
  };
  const mirrors = plan.gitDirs.map((unit) => mirrorLive(host, plan, unit, tellOnce));
  const others = [watchPlants(host, plan, tellOnce), watchMasks(host, plan, tellOnce)];
  const parts = [...mirrors.filter((mirror) => mirror !== undefined), ...others];
  const close = async () => {
    await Promise.all(parts.map((part) => part.close()));
  };
  return {
    flush: async () => {
      await Promise.all(parts.map((part) => part.flush()));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
