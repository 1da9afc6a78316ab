import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

/** Sizes of what lies in a folder. */
export interface DiskUse {
  readonly bytes: number;
  /** Whether something could not be looked at: then the true sum is larger. */
  readonly isPartial: boolean;
}

/** A file costs the machine something even when it is empty: this much is counted at least. */
const leastBytes = 4096;
const maxEntries = 500_000;

/**
 * Sums up what a folder holds on disk, hard links once. Other programs write there at the same time: what vanishes is not
 * counted, links are not followed. Stops early once the sum is over `enough`, or the signal says so.
 */
export async function measureDisk(
  folder: string,
  options: { readonly enough: number; readonly signal: AbortSignal },
): Promise<DiskUse> {
  const linked = new Set<number>();
  const pending = [folder];
  let bytes = 0;
  let entries = 0;
  let isPartial = false;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (options.signal.aborted || bytes > options.enough) break;
    try {
      for await (const entry of await opendir(path, { bufferSize: 256 })) {
        entries += 1;
        const child = join(path, entry.name);
        if (entry.isDirectory()) pending.push(child);
        const stat = await lstat(child).catch(() => undefined);
        if (stat === undefined || (stat.nlink > 1 && stat.isFile() && seen(linked, stat.ino))) continue;
        bytes += Math.max(stat.blocks * 512, leastBytes);
      }
    } catch (error) {
      isPartial ||= (error as NodeJS.ErrnoException).code !== "ENOENT";
    }
    if (entries > maxEntries) return { bytes, isPartial: true };
  }
  return { bytes, isPartial };
}

function seen(numbers: Set<number>, number: number): boolean {
  if (numbers.has(number)) return true;
  numbers.add(number);
  return false;
}
