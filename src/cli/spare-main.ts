// A spare: a command line that has booted before anybody asked, beside a keeper that has booted its gate. It waits for one
// `caisson run`, takes its words, folder, environment and streams, and is that command from there on; its caller, a shell,
// waits for the exit code (bin/caisson). It serves nobody whose surroundings differ from its own. One for docker has its keeper
// make networks and gate, too.
import { spawn } from "node:child_process";
import {
  constants,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
  writeSync,
} from "node:fs";
import { Socket } from "node:net";
import { join, resolve } from "node:path";
import { projectRoot } from "../host/entry-point.ts";
import { differenceOf, readSurroundings } from "../host/process/surroundings.ts";
import { identifyProcess, isSameProcess } from "../host/process-identity.ts";
import {
  type AheadAnswer,
  findSpare,
  isForDocker,
  isWanted,
  spareFolder,
  sparePlace,
  wantNoSpares,
} from "../run/spare-place.ts";
import { adoptKeeper } from "../run/start-keeper.ts";
import { createRequestReader, type SpareRequest } from "./spare/read-request.ts";
import { rehearse } from "./spare/rehearse.ts";
import { streamProblem, takeStreams } from "./spare/take-streams.ts";
import { watchSources } from "./spare/watch-sources.ts";
import { wishGate } from "./spare/wish-gate.ts";

/** A caller that has claimed us asks at once, or has died. */
const claimMilliseconds = 3000;
/** The next spare boots when this run's agent has had the machine to itself for a while. */
const successorMilliseconds = 600;
const lookMilliseconds = 250;
/** A keeper that has nothing to run ends at once. */
const keeperMilliseconds = 3000;
const signals = { INT: "SIGINT", TERM: "SIGTERM", HUP: "SIGHUP", QUIT: "SIGQUIT", WINCH: "SIGWINCH" } as const;

const [, , stateRoot = "", word = "0"] = process.argv;
const root = projectRoot();
const own = readSurroundings("self", ["CAISSON_EARLY_KEEPER"]);
const environment = { ...process.env };
delete environment.CAISSON_EARLY_KEEPER;
const built = buildMark();
const sources = watchSources(root);
/** Until it is ready for callers it has a folder of its own, made by the launcher. */
let place = sparePlace(join(stateRoot, `spare.${process.pid}`));
const ask = openSync(place.ask, constants.O_RDWR);
const answer = openSync(place.answer, constants.O_RDWR);
const say = (line: string) => writeSync(answer, `${line}\n`);
const keeper = adoptKeeper();
const asked = new Socket({ fd: ask, readable: true, writable: false });
let client: ReturnType<typeof identifyProcess> | undefined;
let hasSuccessor = false;
let isEnding = false;

void wait();

async function wait(): Promise<void> {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => withdraw(wantNone));
  await Promise.all([
    loadAhead(),
    rehearse(environment, place.folder, isForDocker(word)),
    keeper?.rehearsed,
    makeAhead(),
  ]);
  writeFileSync(place.process, JSON.stringify(identifyProcess(process.pid)), { mode: 0o600 });
  if (!publish()) return withdraw();
  void keeper?.died.then(() => client === undefined && withdraw(wantNone));
  setTimeout(() => expire(), Number.parseInt(word, 10));
  let giveUp: NodeJS.Timeout | undefined;
  watch(place.folder, (_event, name) => {
    // Who cannot be found any more waits for nobody.
    if (client === undefined && !existsSync(place.process)) return withdraw(wantNone);
    // Its removal is told as well: that is ours, when we go on waiting.
    if (name !== "claimed" || giveUp !== undefined || client !== undefined || !existsSync(place.claimed)) return;
    giveUp = setTimeout(() => withdraw(startSuccessor), claimMilliseconds);
  }).unref();
  say("ready");
  let read = createRequestReader();
  const hear = (bytes: Buffer) => {
    // It has lost its keeper, or is about to: the caller sees our end, and boots.
    if (isEnding) return;
    if (client !== undefined) return pass(bytes.toString("latin1"));
    const got = read(bytes);
    if (got === undefined) return;
    read = createRequestReader();
    clearTimeout(giveUp);
    giveUp = undefined;
    const problem = problemWith(got.request);
    if (problem === undefined) return serve(got.request, got.rest);
    writeFileSync(place.refused, problem.reason, { mode: 0o600 });
    say("no");
    if (problem.isForever) return withdraw(startSuccessor);
    say("ready");
    rmSync(place.claimed, { force: true });
  };
  // Behind what the kernel had to tell by then: that a source was changed before we were asked.
  asked.on("data", (bytes: Buffer) => void setImmediate(hear, bytes));
}

/** What a run of the command line loads bit by bit. */
async function loadAhead(): Promise<void> {
  await Promise.all([
    import("./commands/run.ts"),
    import("./run/run-sealed.ts"),
    import("./run/plan-run.ts"),
    import("./run/follow-run.ts"),
  ]);
}

/** Of one for docker: what a run there would have to make first. Without it, it is a spare like any. */
async function makeAhead(): Promise<void> {
  if (!isForDocker(word) || keeper === undefined || !isWanted(stateRoot, word)) return;
  const problem = await wishGate(environment).then(keeper.wish, (error: Error) => error.message);
  const made: AheadAnswer = problem === undefined ? { slug: keeper.ahead?.slug ?? "" } : { problem };
  writeFileSync(place.ahead, JSON.stringify(made), { mode: 0o600 });
}

/** Makes us the spare that callers find; false when another one is, or none is wanted. */
function publish(): boolean {
  const folder = spareFolder(stateRoot);
  for (let tries = 0; tries < 2 && isWanted(stateRoot, word); tries++) {
    try {
      renameSync(place.folder, folder);
      place = sparePlace(folder);
      // Whoever wants none any more has said so before looking for one that waits.
      return isWanted(stateRoot, word);
    } catch {
      if (findSpare(folder) !== undefined) return false;
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return false;
}

function expire(): void {
  if (client !== undefined) return;
  try {
    // Whoever makes it has us: from here on that is nobody.
    writeFileSync(place.claimed, "", { flag: "wx" });
  } catch (error) {
    // Somebody asks right now; anything else is a folder that is not ours any more.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      setTimeout(() => expire(), claimMilliseconds);
      return;
    }
  }
  withdraw(wantNone);
}

/** Those that are wanted since may be others. */
function wantNone(): void {
  if (isWanted(stateRoot, word)) wantNoSpares(stateRoot);
}

/** Ends unused, when the keeper, and its gate with it, has: nothing of us is left then. */
function withdraw(before?: () => void): void {
  if (isEnding) return;
  isEnding = true;
  rmSync(place.folder, { recursive: true, force: true });
  before?.();
  keeper?.abandon();
  setTimeout(() => process.exit(0), keeperMilliseconds);
  void (keeper?.died ?? Promise.resolve()).then(() => process.exit(0));
}

/** Why this caller is not served; for ever, when nobody of now would be. */
function problemWith({ pid, root: callersRoot }: SpareRequest): { reason: string; isForever: boolean } | undefined {
  try {
    // It may be a path from where the caller stands.
    if (realpathSync(resolve(`/proc/${pid}/cwd`, callersRoot)) !== realpathSync(root))
      return { reason: "another Caisson", isForever: false };
    if (sources.isNewer) return { reason: "a source is newer than the bundles", isForever: true };
    if (buildMark() !== built)
      return { reason: "Caisson or the machine's network settings have changed", isForever: true };
    const reason = differenceOf(own, readSurroundings(pid)) ?? streamProblem(pid);
    return reason === undefined ? undefined : { reason, isForever: false };
  } catch (error) {
    return { reason: String(error), isForever: false };
  }
}

/** What we and our gate were made from: a later build, or another network, is for a later spare. */
function buildMark(): string {
  const files = [
    join(import.meta.dirname, ".stamp"),
    join(import.meta.dirname, "cli.cjs"),
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    join(root, "package.json"),
    // Our gate has read it.
    ...(environment.NODE_EXTRA_CA_CERTS === undefined ? [] : [environment.NODE_EXTRA_CA_CERTS]),
  ];
  return files
    .map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }))
    .map((stats) => (stats ? `${stats.dev}:${stats.ino}:${stats.mtimeNs}:${stats.size}` : ""))
    .join(" ");
}

/** Becomes the caller's command; `rest` is what it said behind its question. */
function serve({ pid, words }: SpareRequest, rest: Buffer): void {
  client = identifyProcess(pid);
  try {
    become(pid);
  } catch {
    // The caller has gone, or stands where we cannot: it boots by itself when it sees our end.
    client = undefined;
    withdraw(startSuccessor);
    return;
  }
  process.argv.splice(2, process.argv.length, ...words);
  process.removeAllListeners("SIGTERM").removeAllListeners("SIGINT").removeAllListeners("SIGHUP");
  rmSync(place.folder, { recursive: true, force: true });
  say("yes");
  process.prependListener("exit", (code) => {
    say(`exit ${code}`);
    startSuccessor();
  });
  setTimeout(startSuccessor, successorMilliseconds).unref();
  asked.unref();
  // A caller that was killed can say nothing any more: as if its terminal had gone.
  setInterval(() => {
    if (client && !isSameProcess(client)) process.kill(process.pid, "SIGHUP");
  }, lookMilliseconds).unref();
  void import("./main.ts");
  pass(rest.toString("latin1"));
}

/** Takes a caller's streams, folder, mask and variables. Throws where the kernel does not let us. */
function become(pid: number): void {
  const { environment: variables } = readSurroundings(pid);
  const umask = /^Umask:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  takeStreams(pid);
  process.chdir(`/proc/${pid}/cwd`);
  if (umask !== undefined) process.umask(Number.parseInt(umask, 8));
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const [name, value] of variables) process.env[name] = value;
  process.env.CAISSON_EARLY_KEEPER = "yes";
}

/** Signals that our caller got. */
function pass(lines: string): void {
  for (const word of lines.split("\n")) {
    if (Object.hasOwn(signals, word)) process.kill(process.pid, signals[word as keyof typeof signals]);
  }
}

function startSuccessor(): void {
  if (hasSuccessor || !isWanted(stateRoot, word)) return;
  hasSuccessor = true;
  const env = { ...environment, CAISSON_BE_SPARE: word };
  const child = spawn(join(root, "bin/caisson"), [], { detached: true, stdio: "ignore", cwd: "/", env });
  child.once("error", () => {}); // Caisson has been moved away, or the machine is full: the run goes on.
  child.unref();
}
