import { createLineSplitter } from "../base/line-splitter.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { claimSlug, keep } from "./keeper.ts";
import { createKeeperHost } from "./local-keeper-host.ts";

/** Longest request: a prompt of some megabytes, and files. */
const requestBytes = 64 * 1024 ** 2;

// One line on standard input says what to run. Its end without a line says that there is nothing to run after all.
const abort = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => abort.abort());
process.on("SIGHUP", () => {}); // The terminal that started us may go: that is what a keeper is for.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // Its reader has gone on.

const host = createKeeperHost(process.env);
process.once("uncaughtException", (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  host.bug(error);
  // Dying is the clean way out: gate and sandbox end with us, the next start settles the rest from the journal.
  process.exit(70);
});

const line = await readRequest();
if (line === undefined) process.exit(0);
const request = JSON.parse(line) as LaunchRequest;
if (!claimSlug(host, request)) {
  process.stdout.write("slug_taken\n");
  process.exit(7);
}
host.adopt(request.metadata.slug);
await keep(host, request, {
  listening: () => void process.stdout.write("listening\n"),
  parse: async (value) => (await import("../spec/keeper-protocol.ts")).ToKeeper.parse(value),
  signal: abort.signal,
});
// What others left when they died is put right here, where nobody waits for it.
const { settleAll } = await import("./settle.ts");
await settleAll(host);
process.exit(0);

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
