import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { holdLock } from "../../../src/host/hold-lock.ts";
import type { UndoHost } from "../../../src/run/launch-steps.ts";
import { type SettleHost, settleSandbox } from "../../../src/run/settle.ts";
import { stopSandbox } from "../../../src/run/stop-sandbox.ts";
import { stateFolders, statePaths } from "../../../src/sandbox/state-paths.ts";
import type { Metadata } from "../../../src/spec/state-files.ts";

const settler = join(import.meta.dirname, "racing-settler.ts");
const stateRoot = mkdtempSync(join(tmpdir(), "caisson-settle-"));
const children: ChildProcess[] = [];
const undoHost: UndoHost = {
  reapSandbox: async (dir) => {
    writeFileSync(join(dir, "reaped"), "");
    return [];
  },
  removeScratch: async () => [],
  settleGuard: async () => ({ notes: [], leftovers: [] }),
  endGate: async () => [],
  removeFile: () => {},
  removeHalfCopy: async () => [],
};
const host: SettleHost = {
  stateRoot,
  now: () => new Date(),
  reapGates: async () => [],
  reapStrays: async () => [],
  endProcess: async () => true,
  undoHost: async () => undoHost,
};
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(stateRoot, { recursive: true, force: true });
});

/** A keeper that ran before the last boot. */
const gone = { pid: 2, startTicks: "1", bootId: "another boot" };

function leaveSandbox(slug: string): void {
  const paths = statePaths(stateRoot, slug);
  mkdirSync(stateFolders(stateRoot).open, { recursive: true });
  mkdirSync(paths.dir, { recursive: true });
  const metadata: Metadata = {
    version: 1,
    slug,
    engine: "local",
    compose_project: `caisson-${slug}`,
    agent: "command",
    provider: "command",
    modelSource: "live",
    workspace: { mode: "none" },
    policyHash: "",
    startedAt: new Date(0).toISOString(),
    keeper: gone,
  };
  writeFileSync(paths.metadata, JSON.stringify(metadata));
  writeFileSync(paths.open, JSON.stringify(gone));
  const line = { ts: metadata.startedAt, step: "sandbox_started", phase: "intent", data: {} };
  writeFileSync(paths.journal, `${JSON.stringify(line)}\n`);
}

async function startSettler(how: "die" | "settle", slugs: readonly string[]) {
  const child = spawn(process.execPath, [settler, stateRoot, how, ...slugs], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  const hears = async (word: string, times: number) => {
    while (told.split(word).length <= times) await once(child.stdout, "data");
  };
  await hears("ready", 1);
  return { child, hears, go: () => child.stdin.end("go\n") };
}

it("one settler alone works on a sandbox, also on those whose settler was killed", async () => {
  const slugs = Array.from({ length: 40 }, (_, i) => `brisk-otter-${i}`);
  slugs.forEach(leaveSandbox);
  const doomed = await startSettler("die", slugs);
  doomed.go();
  await doomed.hears("reaping", slugs.length);
  doomed.child.kill("SIGKILL");
  await once(doomed.child, "exit");

  const settlers = await Promise.all(Array.from({ length: 10 }, () => startSettler("settle", slugs)));
  for (const { go } of settlers) go();
  const ends = await Promise.all(settlers.map(({ child }) => once(child, "exit")));
  expect(ends.map(([code]) => code)).toEqual(settlers.map(() => 0));

  const left = slugs.map((slug) => readdirSync(statePaths(stateRoot, slug).dir));
  expect(left.filter((names) => names.includes("together"))).toEqual([]);
  expect(left.map((names) => names.filter((name) => name.startsWith("settled by")).length)).toEqual(slugs.map(() => 1));
  expect(readdirSync(stateFolders(stateRoot).open)).toEqual([]);
});

it("stopping waits for whoever settles: what is removed next must not go under its hands", async () => {
  leaveSandbox("calm-heron-1");
  const paths = statePaths(stateRoot, "calm-heron-1");
  const lock = holdLock(paths.settleLock);
  const stopping = stopSandbox(host, "calm-heron-1");
  const first = await Promise.race([
    stopping,
    new Promise<"waits">((resolve) => setTimeout(() => resolve("waits"), 300)),
  ]);
  lock?.[Symbol.dispose]();
  expect(first).toBe("waits");
  expect(await stopping).toMatchObject({ settled: true, leftovers: [] });
  expect(existsSync(join(paths.dir, "reaped"))).toBe(true);
});

it("a sandbox of another version, whose metadata we cannot read, is named and left as it is", async () => {
  leaveSandbox("calm-heron-2");
  const paths = statePaths(stateRoot, "calm-heron-2");
  writeFileSync(paths.metadata, JSON.stringify({ version: 2 }));
  const settlement = await settleSandbox(host, "calm-heron-2");
  expect(settlement.leftovers).toEqual([expect.stringContaining("another version of caisson")]);
  expect(existsSync(paths.journal) && existsSync(paths.open)).toBe(true);
});
