import { statSync } from "node:fs";
import type { FileFacts } from "../../host/process/file-facts.ts";
import { measureDisk } from "./measure-disk.ts";
import { measureUnlinked } from "./measure-unlinked.ts";

/** What is watched: private folders count whole, the workspace what it grew by. */
export interface WatchedDisk {
  readonly folders: readonly string[];
  readonly workspace?: string;
  readonly limitBytes: number;
  readonly initPid: number;
}

const tickMilliseconds = 500;
/** What the workspace held is measured after this long: it should not slow down the launch, and shorter runs not at all. */
const settleMilliseconds = 1000;
/** Milliseconds on a clock that nobody sets; the one of `performance` takes a launch a millisecond to load. */
const now = () => process.uptime() * 1000;
/** Never filled up by us: what the machine keeps in any case. */
const reserveBytes = 512 * 1024 ** 2;
/** Walking takes at most one part in this many of the time, unless the disk fills quickly. */
const restFactor = 20;
const shortestRest = 2000;
/** Reached step by step while nothing changes. */
const longestRest = 30_000;

/**
 * Watches how much a sandbox puts on disk, and calls `breach` once when it is too much. Asking the file system how full it
 * is costs nothing and comes often: when enough was written to matter, by whomever, folders are walked at once. As others
 * may delete meanwhile what the sandbox writes, they are also walked from time to time.
 */
export function watchDisk(
  files: Pick<FileFacts, "spaceOf">,
  disk: WatchedDisk,
  breach: (detail: string) => void,
): { close(): void } {
  const abort = new AbortController();
  const { signal } = abort;
  const [main = "/"] = disk.folders;
  // The workspace may lie on a file system of its own, and a small one: neither is filled up.
  const places = disk.workspace === undefined ? [main] : [main, disk.workspace];
  const starts = places.map((path) => ({ path, space: files.spaceOf(path) }));
  const rooms = starts.map(({ space }) => space?.freeBytes ?? Number.POSITIVE_INFINITY);
  const limit = Math.min(disk.limitBytes, ...rooms.map((room) => Math.max(room - reserveBytes, room / 2)));
  // The most that one of them filled: where both are one, nothing is counted twice.
  const grown = () =>
    Math.max(
      ...starts.map(({ path, space }) => {
        const now = files.spaceOf(path);
        if (!space || !now) return 0;
        return space.freeBytes - now.freeBytes + 4096 * Math.max(0, space.freeFiles - now.freeFiles);
      }),
    );

  let baseline: number | undefined;
  const findBaseline = async (workspace: string) => {
    await rest(settleMilliseconds, signal);
    baseline = (await measureDisk(workspace, { enough: Number.POSITIVE_INFINITY, signal })).bytes;
  };

  const measure = async (): Promise<number> => {
    const options = { enough: limit, signal };
    const uses = await Promise.all(disk.folders.map((folder) => measureDisk(folder, options)));
    const workspace =
      disk.workspace === undefined || baseline === undefined
        ? undefined
        : await measureDisk(disk.workspace, { ...options, enough: baseline + limit });
    const growth = Math.max(0, (workspace?.bytes ?? 0) - (baseline ?? 0));
    const named = uses.reduce((sum, use) => sum + use.bytes, growth);
    const total = named + measureUnlinked(disk.initPid, statSync(main).dev);
    // What cannot be looked at is judged by how the file system filled.
    return uses.some((use) => use.isPartial) || workspace?.isPartial ? Math.max(total, grown()) : total;
  };

  const run = async () => {
    let known = 0;
    let grownThen = 0;
    let walkedAt = now();
    let pause = shortestRest;
    while (!signal.aborted) {
      await rest(tickMilliseconds, signal);
      const isQuick = grown() - grownThen > (limit - known) / 4;
      if (!isQuick && now() - walkedAt < pause) continue;
      grownThen = grown();
      const begun = now();
      const before = known;
      known = await measure();
      walkedAt = now();
      if (known > limit && !signal.aborted) return breach(`${known} bytes of ${limit}`);
      const calmer = known === before ? Math.min(pause * 2, longestRest) : shortestRest;
      pause = Math.max(calmer, (walkedAt - begun) * restFactor);
    }
  };
  void run().catch(() => {}); // The folders went away under it: the sandbox is being removed.
  if (disk.workspace !== undefined) void findBaseline(disk.workspace);
  return { close: () => abort.abort() };
}

function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    signal.addEventListener("abort", done, { once: true });
  });
}
