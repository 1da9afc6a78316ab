import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { watchDisk } from "../../../src/sandbox/disk/watch-disk.ts";

const megabyte = 1024 ** 2;

it("a workspace on a small file system of its own gets half of what is free there, whatever the limit says", async () => {
  const state = mkdtempSync(join(tmpdir(), "caisson-state-"));
  const workspace = mkdtempSync(join(tmpdir(), "caisson-work-"));
  const { bfree, bsize } = statfsSync(workspace);
  // The workspace's file system has sixteen megabytes, of which what is written is taken; the other one is large.
  const written = () => Math.max(0, (bfree - statfsSync(workspace).bfree) * bsize);
  const spaceOf = (path: string) => {
    const freeBytes = path === workspace ? 16 * megabyte - written() : 1024 ** 4;
    return { totalBytes: 1024 ** 4, freeBytes, freeFiles: 1_000_000 };
  };
  const breached = Promise.withResolvers<string>();
  const disk = { folders: [state], workspace, limitBytes: 1024 ** 3, initPid: process.pid };
  const watch = watchDisk({ spaceOf }, disk, breached.resolve);
  try {
    // One file after the other: what is there when it first looks counts as what the workspace held, and nobody tells when that is.
    let said: string | undefined;
    for (let n = 0; said === undefined; n += 1) {
      writeFileSync(join(workspace, `big-${n}`), Buffer.alloc(12 * megabyte, 1));
      said = await Promise.race([breached.promise, pause(1500, undefined)]);
    }
    const [, limit = ""] = /of (\d+)$/.exec(said) ?? [];
    expect(Number(limit)).toBeLessThanOrEqual(8 * megabyte);
  } finally {
    watch.close();
    for (const folder of [state, workspace]) rmSync(folder, { recursive: true });
  }
});
