import { statSync } from "node:fs";
import type { FileFacts } from "../../../host/process/file-facts.ts";
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
/** The workspace is measured first after this long: most runs that are shorter write little, and should not wait for it. */
const settleMilliseconds = 1000;
/** Never filled up by us: what the machine keeps in any case. */
const reserveBytes = 512 * 1024 ** 2;
/** Walking takes at most this share of the time, unless the disk fills quickly. */
const restFactor = 8;
const longestRest = 60_000;

/**
 * Watches how much a sandbox puts on disk, and calls `breach` once when it is too much. Asking the file system how full it
 * is costs nothing and comes often; folders are walked only after enough was written there, by whomever, to matter.
 */
export function watchDisk(
  files: Pick<FileFacts, "spaceOf">,
  disk: WatchedDisk,
  breach: (detail: string) => void,
): { close(): void } {
  const abort = new AbortController();
  const { signal } = abort;
  const [main = "/"] = disk.folders;
  const atStart = files.spaceOf(main);
  const limit = Math.min(disk.limitBytes, Math.max(0, (atStart?.freeBytes ?? Number.POSITIVE_INFINITY) - reserveBytes));
  const grown = () => {
    const now = files.spaceOf(main);
    if (!atStart || !now) return 0;
    return atStart.freeBytes - now.freeBytes + 4096 * Math.max(0, atStart.freeFiles - now.freeFiles);
  };

  const measure = async (baseline: number): Promise<number> => {
    const options = { enough: limit, signal };
    const uses = await Promise.all(disk.folders.map((folder) => measureDisk(folder, options)));
    const workspace =
      disk.workspace === undefined
        ? undefined
        : await measureDisk(disk.workspace, { ...options, enough: baseline + limit });
    const named = uses.reduce((sum, use) => sum + use.bytes, Math.max(0, (workspace?.bytes ?? 0) - baseline));
    const total = named + measureUnlinked(disk.initPid, statSync(main).dev);
    // What cannot be looked at is judged by how the file system filled.
    return uses.some((use) => use.isPartial) || workspace?.isPartial ? Math.max(total, grown()) : total;
  };

  const run = async () => {
    await rest(settleMilliseconds, signal);
    const start = { enough: Number.POSITIVE_INFINITY, signal };
    const baseline = disk.workspace === undefined ? 0 : (await measureDisk(disk.workspace, start)).bytes;
    let known = 0;
    let grownThen = 0;
    let walkedAt = 0;
    let walkTook = 0;
    while (!signal.aborted) {
      const sinceWalk = grown() - grownThen;
      const left = limit - known;
      const isQuick = sinceWalk > left / 4;
      const isDue = performance.now() - walkedAt > Math.max(longestRest, walkTook * restFactor);
      if (isQuick || (isDue && sinceWalk > 0)) {
        grownThen = grown();
        const begun = performance.now();
        known = await measure(baseline);
        walkedAt = performance.now();
        walkTook = walkedAt - begun;
        if (known > limit && !signal.aborted) return breach(`${known} bytes of ${limit}`);
      }
      await rest(tickMilliseconds, signal);
    }
  };
  void run().catch(() => {}); // The folders went away under it: the sandbox is being removed.
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
