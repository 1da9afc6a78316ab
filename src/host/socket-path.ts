import { closeSync, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Longest path that the kernel takes for a unix socket. */
const longest = 107;

/**
 * A name by which a unix socket can be bound or connected even when its path is too long: through an open folder.
 * Dispose when bound or connected.
 */
export function socketPath(path: string): { readonly name: string } & Disposable {
  if (Buffer.byteLength(path) <= longest) return { name: path, [Symbol.dispose]: () => {} };
  const fd = openSync(dirname(path), "r");
  return { name: join(`/proc/self/fd/${fd}`, basename(path)), [Symbol.dispose]: () => closeSync(fd) };
}
