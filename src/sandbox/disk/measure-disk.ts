import { lstat, opendir } from "node:fs/promises";

/** Sizes of what lies in a folder. */
export interface DiskUse {
  readonly bytes: number;
  /** Whether something could not be looked at: then the true sum is larger. */
  readonly isPartial: boolean;
}

/** A file costs the machine something even when it is empty: this much is counted at least. */
const leastBytes = 4096;
const maxEntries = 500_000;
const slash = Buffer.from("/");

/**
 * Sums up what a folder holds on disk, hard links once. Other programs write there at the same time: what vanishes is not
 * counted, links are not followed. Stops early once the sum is over `enough`, or the signal says so.
 */
export async function measureDisk(
  folder: string,
  options: { readonly enough: number; readonly signal: AbortSignal },
): Promise<DiskUse> {
  const linked = new Set<number>();
  const pending = [Buffer.from(folder)];
  let bytes = 0;
  let entries = 0;
  let isPartial = false;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (options.signal.aborted || bytes > options.enough) break;
    try {
      // A name is any bytes: read as UTF-8, one that is none would not be found again, nor what lies below it.
      for await (const entry of await opendir(path, { bufferSize: 256, encoding: "latin1" })) {
        entries += 1;
        const child = Buffer.concat([path, slash, Buffer.from(entry.name, "latin1")]);
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
