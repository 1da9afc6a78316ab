import { createHash } from "node:crypto";
import { copyFailure } from "./errors.ts";
import type { TreeState } from "./git-store.ts";
import type { HeldTree, TreeHost, TreeLook } from "./tree-host.ts";

/** Larger files are compared by their digest and kept nowhere but in the copy. */
const maxStoredBytes = 8 * 1024 ** 2;

/** What stands for a large file in the store. It holds a zero byte, so that git calls it binary. */
const fingerprint = (digest: { sha256: string; bytes: number }) =>
  Buffer.from(`\0caisson large file sha256:${digest.sha256} ${digest.bytes}\n`);

/** The digest that a stored content stands for; undefined for ordinary content. */
export function readFingerprint(bytes: Buffer): string | undefined {
  if (bytes.length > 200) return undefined;
  return /^\0caisson large file sha256:([0-9a-f]{64}) \d+\n$/.exec(bytes.toString("latin1"))?.[1];
}

/** A file or link as the store holds it; undefined when it is neither, or vanished, or cannot be read. */
export async function readContent(
  host: TreeHost,
  dir: HeldTree,
  name: string,
  look: TreeLook,
): Promise<{ readonly mode: TreeState["mode"]; readonly bytes: Buffer } | undefined> {
  if (look.kind === "link") {
    const target = host.readLink(dir, name);
    return target === undefined ? undefined : { mode: "120000", bytes: Buffer.from(target, "latin1") };
  }
  if (look.kind !== "file") return undefined;
  const mode = (look.mode & 0o100) === 0 ? "100644" : "100755";
  const bytes = host.read(dir, name, maxStoredBytes);
  if (bytes !== "large") return bytes && { mode, bytes };
  const digest = await host.digest(dir, name);
  if (digest === undefined) throw copyFailure("copy_changed", { path: name });
  return { mode, bytes: fingerprint(digest) };
}

/** The id that git gives a content. */
export function blobId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}
