import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { UndoHost } from "../../../src/run/launch-steps.ts";
import { type SettleHost, settleSandbox } from "../../../src/run/settle.ts";

// Settles the sandboxes that it is told, on a line of standard input so that many begin at once. What reaping a sandbox
// needs alone is held as a folder: a second settler of the same sandbox finds it there.
const [stateRoot = "", how, ...slugs] = process.argv.slice(2);

const undoHost: UndoHost = {
  reapSandbox: async (dir) => {
    if (how === "die") return new Promise(() => console.log("reaping"));
    try {
      mkdirSync(join(dir, "reaping"));
    } catch {
      writeFileSync(join(dir, "together"), "");
    }
    await pause(3);
    rmdirSync(join(dir, "reaping"));
    writeFileSync(join(dir, `settled by ${process.pid}`), "");
    return [];
  },
  removeScratch: async () => [],
  removeHalfCopy: async () => [],
  settleGuard: async () => ({ notes: [], leftovers: [] }),
  endGate: async () => [],
  removeFile: () => {},
};
const host: SettleHost = {
  stateRoot,
  now: () => new Date(),
  reapGates: async () => [],
  reapStrays: async () => [],
  endProcess: async () => true,
  undoHost: async () => undoHost,
};

console.log("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.destroy();
if (how === "die") {
  setInterval(() => {}, 1000);
  for (const slug of slugs) void settleSandbox(host, slug);
} else {
  for (const slug of slugs) await settleSandbox(host, slug);
}
