import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";
import { loadBase, mirroredNames } from "./git/mirror-base.ts";
import { mirrorGitDir } from "./git/mirror-git-dir.ts";
import type { IndexReading } from "./git/read-index.ts";
import type { GuardHost } from "./guard-host.ts";
import type { GuardedGitDir, GuardNote, GuardPlan } from "./guard-plan.ts";

/** Changes that come within this time are mirrored together: a rebase changes the same files hundreds of times. */
const settleMs = 15;
const retryMs = 200;
const maxReadings = 64;

/** The live mirror of a guard. */
export interface GuardWatch extends AsyncDisposable {
  /** Mirrors all that has changed until now; what a git holds locked is tried again later. */
  flush(): Promise<void>;
  /** Stops. What was not mirrored yet is settled at the end. */
  close(): void;
}

/**
 * Keeps HEAD, the index and their like the same on the host and inside while a sandbox runs, by watching both sides. It
 * never throws: what it misses, `settleGuard` makes up for.
 */
export function watchGuard(host: GuardHost, plan: GuardPlan, tell: (note: GuardNote) => void): GuardWatch {
  const told = new Set<string>();
  const tellOnce = (note: GuardNote) => {
    const key = JSON.stringify(note);
    if (told.has(key)) return;
    told.add(key);
    tell(note);
  };
  const mirrors = plan.gitDirs
    .filter((unit) => mirroredNames(unit).length > 0 && loadBase(host, unit) !== undefined)
    .map((unit) => watchGitDir(host, unit, basename(plan.claim), tellOnce));
  const close = () => mirrors.forEach((mirror) => void mirror.close());
  return {
    flush: async () => {
      await Promise.all(mirrors.map((mirror) => mirror.flush()));
    },
    close,
    [Symbol.asyncDispose]: async () => {
      close();
      await Promise.all(mirrors.map((mirror) => mirror.idle()));
    },
  };
}

function watchGitDir(host: GuardHost, unit: GuardedGitDir, tag: string, tell: (note: GuardNote) => void) {
  const names = new Set<string>(mirroredNames(unit));
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let closed = false;
  const readings = new Map<string, IndexReading>();

  const round = async () => {
    const now = [...changed];
    if (readings.size > maxReadings) readings.clear();
    changed.clear();
    if (closed || now.length === 0) return;
    try {
      const { pending, notes } = await mirrorGitDir(host, unit, now, { tag, agent: "runs", readings });
      notes.forEach(tell);
      for (const name of pending) changed.add(name);
      if (pending.length > 0) schedule(retryMs);
    } catch {
      // A folder may vanish under us; the end of the run looks at everything again.
    }
  };
  const run = () => {
    running = running.then(round);
    return running;
  };
  const schedule = (delay: number) => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void run();
    }, delay);
  };
  const watchers = [unit.path, unit.privateDir].flatMap((folder) => {
    const watcher = watchFolder(folder, (name) => {
      if (!names.has(name)) return;
      changed.add(name);
      schedule(settleMs);
    });
    return watcher ? [watcher] : [];
  });
  return {
    flush: () => {
      for (const name of names) changed.add(name);
      return run();
    },
    idle: () => running,
    close: () => {
      closed = true;
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function watchFolder(folder: string, changed: (name: string) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_, name) => void (name !== null && changed(name)));
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined; // Out of watches: the end of the run makes up for it.
  }
}
