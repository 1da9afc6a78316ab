import { closeSync, openSync, readSync } from "node:fs";

/** Bytes that nobody can guess: the kernel's, which `node:crypto` would give us, too, after 5 ms of loading itself. */
export function randomBytes(count: number): Buffer {
  const descriptor = openSync("/dev/urandom", "r");
  try {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; ) at += readSync(descriptor, bytes, { offset: at });
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** A whole number in [0, below), for `below` up to some millions: of 2^48 numbers, what one is likelier than another cannot be seen. */
export const randomBelow = (below: number): number => randomBytes(6).readUIntBE(0, 6) % below;
