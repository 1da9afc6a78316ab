import { homedir } from "node:os";
import { writeKeeperBug } from "./keeper-bug.ts";
import { createMachine } from "./machine.ts";
import { runKeeper } from "./run-keeper.ts";

const abort = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => abort.abort());
process.on("SIGHUP", () => {}); // The terminal that started us may go: that is what a keeper is for.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // Its reader has gone on.

const stateRoot = `${process.env.XDG_STATE_HOME?.startsWith("/") ? process.env.XDG_STATE_HOME : `${homedir()}/.local/state`}/caisson`;
let slug: string | undefined;
let tellLast: ((error: unknown) => void) | undefined;
process.once("uncaughtException", (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  writeKeeperBug(stateRoot, slug, error);
  tellLast?.(error);
  // Dying is the clean way out: gate and sandbox end with us, the next start settles the rest from the journal.
  process.exit(70);
});
// Wherever we were started: a folder that a process stands in cannot be unmounted.
process.chdir("/");
// Whatever we make is for this person alone, whoever's umask we inherited.
process.umask(0o077);

const uid = process.geteuid?.() ?? 0;
// The launcher's word to us and to nobody else.
const { CAISSON_LIKELY_ENGINE: likely, ...environment } = process.env;
delete process.env.CAISSON_LIKELY_ENGINE;
const machine = createMachine({ environment, home: homedir(), stateRoot, uid });
machine.makeReady(likely);
const channel = {
  input: process.stdin,
  answer: (word: string) => void process.stdout.write(`${word}\n`),
  claimed: (claimed: string) => {
    slug = claimed;
  },
  lastWord: (tell: (error: unknown) => void) => {
    tellLast = tell;
  },
  signal: abort.signal,
};
void (async () => {
  // A spare's: nobody waits for it yet, and by then its code is hot.
  if (process.argv[2] !== "rehearse") process.exit(await runKeeper(machine, channel));
  const rehearsed = await machine.rehearse(likely, abort.signal);
  channel.answer("rehearsed");
  const code = await runKeeper(machine, channel);
  rehearsed[Symbol.dispose]();
  process.exit(code);
})();
