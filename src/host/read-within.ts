import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { sep } from "node:path";

/**
 * The text of a file of a folder that somebody else writes to: undefined when it is not there, leads out of the folder by a
 * link, is a pipe or another thing that is no file, is larger, or is one of `hidden` (real paths), under whatever name. Asked of
 * the open file, so that no later swap counts.
 */
export function readWithin(
  dir: string,
  path: string,
  maxBytes: number,
  hidden: ReadonlySet<string> = new Set(),
): string | undefined {
  let file: number | undefined;
  try {
    // Not to wait at a pipe.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = fstatSync(file);
    const real = readlinkSync(`/proc/self/fd/${file}`);
    const isInside = real.startsWith(`${realpathSync.native(dir).replace(/\/$/, "")}${sep}`) && !hidden.has(real);
    return isInside && facts.isFile() && facts.size <= maxBytes ? readFileSync(file, "utf8") : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
