import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openJournal } from "../../../src/sandbox/journal.ts";
import { readJournal } from "../../../src/sandbox/read-journal.ts";

// To make a disk that is soon full takes root.
const itAsRoot = process.getuid?.() === 0 ? it : undefined;

itAsRoot?.("a journal's line that a full disk has no room for is not there in part: what follows can be read", () => {
  using disk = smallDisk();
  const journal = openJournal(join(disk.dir, "journal.jsonl"), () => new Date());
  const long = { text: "x".repeat(6000) };
  journal.intent("first", long);
  const before = readFileSync(join(disk.dir, "journal.jsonl"), "utf8");
  writeFileSync(join(disk.dir, "other"), Buffer.alloc(4096));
  expect(() => journal.intent("second", long)).toThrow(/ENOSPC/);
  expect(readFileSync(join(disk.dir, "journal.jsonl"), "utf8")).toBe(before);
  rmSync(join(disk.dir, "other"));
  journal.intent("third", {});
  journal.close();
  expect(readJournal(join(disk.dir, "journal.jsonl")).map(({ step }) => step)).toEqual(["first", "third"]);
});

function smallDisk() {
  const dir = mkdtempSync(join(tmpdir(), "caisson-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=12k", "tmpfs", dir]);
  const dispose = () => {
    execFileSync("umount", ["-l", dir]);
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, [Symbol.dispose]: dispose };
}
