import { homedir } from "node:os";
import { createLineSplitter } from "../base/line-splitter.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { claimSlug, keep } from "./keeper.ts";
import { createLocalKeeperHost, writeKeeperBug } from "./local-keeper-host.ts";

/** Longest request: a prompt of some megabytes, and files. */
const requestBytes = 64 * 1024 ** 2;

/** By then the agent has started. */
const settleAfterMs = 1000;

// One line on standard input says what to run. Its end without a line says that there is nothing to run after all.
const abort = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => abort.abort());
process.on("SIGHUP", () => {}); // The terminal that started us may go: that is what a keeper is for.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // Its reader has gone on.

const stateRoot = `${process.env.XDG_STATE_HOME?.startsWith("/") ? process.env.XDG_STATE_HOME : `${homedir()}/.local/state`}/caisson`;
let slug: string | undefined;
process.once("uncaughtException", (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  writeKeeperBug(stateRoot, slug, error);
  // Dying is the clean way out: gate and sandbox end with us, the next start settles the rest from the journal.
  process.exit(70);
});
// Whatever we make is for this person alone, whoever's umask we inherited.
process.umask(0o077);

void main();

async function main(): Promise<void> {
  const line = await readRequest();
  if (line === undefined) process.exit(0);
  const request = JSON.parse(line) as LaunchRequest;
  const host = createLocalKeeperHost({
    environment: process.env,
    home: homedir(),
    stateRoot,
    uid: process.geteuid?.() ?? 0,
  });
  if (!claimSlug(host, request)) {
    process.stdout.write("slug_taken\n");
    process.exit(7);
  }
  slug = request.metadata.slug;
  // What others left when they died is put right meanwhile, or at the end, where nobody waits for it.
  let settling: Promise<unknown> | undefined;
  const settleOthers = () => {
    settling ??= import("./settle.ts").then(({ settleAll }) => settleAll(host));
    return settling;
  };
  setTimeout(() => void settleOthers(), settleAfterMs).unref();
  await keep(host, request, {
    listening: () => void process.stdout.write("listening\n"),
    parse: async (value) => (await import("../spec/keeper-protocol.ts")).ToKeeper.parse(value),
    signal: abort.signal,
  });
  await settleOthers();
  process.exit(0);
}

function readRequest(): Promise<string | undefined> {
  const split = createLineSplitter(requestBytes);
  return new Promise((resolve) => {
    process.stdin.on("data", (bytes: Buffer) => {
      const [first] = split(bytes);
      if (first !== undefined) resolve(first);
    });
    process.stdin.once("end", () => resolve(undefined));
    process.stdin.once("error", () => resolve(undefined));
  });
}
