import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { callAfter } from "../base/call-after.ts";
import { Failure } from "../base/failure.ts";
import { stateFolders, statePaths } from "../sandbox/state-paths.ts";
import type { RunEnd } from "../spec/events.ts";
import { eventsVersion } from "../spec/events-version.ts";
import type { LaunchRequest, ToKeeper } from "../spec/keeper-protocol.ts";
import type { Metadata } from "../spec/state-files.ts";
import { serveControl } from "./control-server.ts";
import { runFailure } from "./errors.ts";
import type { EventLog } from "./event-log.ts";
import type { GuardedWorkspace, KeeperHost } from "./keeper-host.ts";
import { type LaunchedRun, launchRun } from "./launch.ts";
import { observeLaunch } from "./observe-launch.ts";
import { openSession } from "./open-session.ts";
import { portUrl } from "./port-url.ts";
import { openRecording } from "./recording.ts";
import { createRunConsole, type RunConsole } from "./run-console.ts";
import { openRunFiles, type RunFiles } from "./run-files.ts";
import { setLaunchAside } from "./set-launch-aside.ts";
import { stateFailure } from "./state-failure.ts";
import { tearDown } from "./tear-down.ts";
import { writeJson, writeNewJson } from "./write-json.ts";

/** What the keeper's caller may do to it, and hear from it. */
export interface Keeping {
  /** The socket answers: the caller may connect. */
  listening(): void;
  /** Throws for what is no message. */
  parse(value: unknown): ToKeeper;
  /** Aborted when the keeper itself is told to go (SIGTERM). */
  readonly signal: AbortSignal;
  /** How to tell those who follow the run what the keeper is about to die of. */
  lastWord(tell: (error: unknown) => void): void;
  /** Resolves when who launched it is gone: nobody is on the way to attach. */
  readonly alone: Promise<void>;
}

/** Longest that who launched it is waited for: it attaches at once, but for a machine that has no time for it, or a Ctrl-Z. */
const attachMilliseconds = 30_000;
/** How long after a command that was cut off its sandbox or gate may be told as lost; and where its first process has died, surely is. */
const lostMilliseconds = 1000;
const surelyLostMilliseconds = 20_000;

/**
 * Marks a sandbox as open and makes its folder; false when the slug is taken. The marker comes first: it names us. One that is
 * resumed has its folder: of two who resume it one gets the marker. Throws `state_unusable`.
 */
export function claimSlug(
  host: Pick<KeeperHost, "stateRoot" | "identify" | "removeFile">,
  { slug, resumes }: { readonly slug: string; readonly resumes: boolean },
): boolean {
  const paths = statePaths(host.stateRoot, slug);
  const folders = stateFolders(host.stateRoot);
  let isOpen = false;
  try {
    for (const folder of [folders.open, folders.sandboxes]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(paths.open, "wx", 0o600));
    isOpen = true;
    writeFileSync(paths.open, JSON.stringify(host.identify(process.pid)));
    if (!resumes) mkdirSync(paths.dir, { mode: 0o700 });
    else if (!existsSync(paths.metadata)) {
      host.removeFile(paths.open); // Removed meanwhile.
      return false;
    }
    return true;
  } catch (error) {
    if (isOpen) host.removeFile(paths.open);
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw stateFailure(host.stateRoot, error);
  }
}

/** Writes down what is to run. Throws `state_unusable`, and then it is as if nobody had asked. */
function openRun(
  host: KeeperHost,
  request: LaunchRequest,
  { paths, metadata }: { readonly paths: ReturnType<typeof statePaths>; readonly metadata: Metadata },
): RunFiles {
  try {
    if (request.resumes) setLaunchAside(paths);
    const write = request.resumes ? writeJson : writeNewJson;
    write(paths.metadata, metadata);
    write(paths.policy, request.policy);
    if (metadata.resumable) write(paths.launch, request);
    return openRunFiles(host, request, paths);
  } catch (error) {
    if (!request.resumes) rmSync(paths.dir, { recursive: true, force: true });
    host.removeFile(paths.open);
    throw stateFailure(host.stateRoot, error);
  }
}

/**
 * Executes one run in one sandbox, from launch to teardown. Never rejects for a failed run: how it ended is in the
 * metadata, the events and the `ended` message. The first error is the one reported; what teardown could not do is listed.
 * Throws a `Failure` before anybody was told that it listens, and then nothing has begun.
 */
export async function keep(host: KeeperHost, request: LaunchRequest, keeping: Keeping): Promise<void> {
  const slug = request.metadata.slug;
  const paths = statePaths(host.stateRoot, slug);
  const started = host.now();
  let metadata: Metadata = { ...request.metadata, ...digestOf(request), keeper: host.identify(process.pid) };
  const files = openRun(host, request, { paths, metadata });
  const { journal, events, log } = files;

  const abort = new AbortController();
  let end: RunEnd | undefined;
  const finish = (how: RunEnd) => {
    end ??= how;
    abort.abort();
  };
  const decoder = await host.createDecoder(request);
  const session = await openSession(host, request, {
    events,
    streamed: (kind, text) => console.streamed(kind, text),
    isAttended: () => console.isAttended,
    stop: finish,
  });
  const { driver, attended } = session ?? {};
  const console = createRunConsole({ paths, events, log, request, stop: finish, decoder, session: driver, attended });
  const server = await serveControl(paths.socket, keeping.parse, console);
  keeping.lastWord((error) => console.failed(failedOf(stateFailure(host.stateRoot, error), slug)));
  keeping.listening();
  keeping.signal.addEventListener("abort", () => finish("stopped"), { once: true });

  tellLaunching(events, metadata);
  session?.begin();
  let launched: LaunchedRun | undefined;
  let guarded: GuardedWorkspace | undefined;
  /** Why the sandbox ended by itself: whatever fails then, that was first. */
  let lost: string | undefined;
  let exit: { exitCode: number | null; signal?: string } = { exitCode: null };
  const callOff = callAfter(request.policy.limits.timeoutSeconds, () => {
    events.append({ event: "limit_reached", limit: "time", detail: `${request.policy.limits.timeoutSeconds} s` });
    finish("timed_out");
  });

  try {
    const record = request.record === undefined ? undefined : await openRecording(request.record, request, host.now);
    launched = await launchRun(
      host,
      { request, paths, journal, signal: abort.signal },
      observeLaunch(
        { host, request, paths, files, console, record },
        {
          signal: abort.signal,
          isLaunched: () => launched !== undefined,
          guarded: (made) => {
            guarded = made;
          },
          lost: () => finish("interrupted"),
          over: (why) => {
            lost = why;
            abort.abort();
          },
        },
      ),
    );
    tellLaunched(events, launched, { slug, launchMs: host.now().getTime() - started.getTime() });
    if (launched.ports.length > 0) {
      metadata = { ...metadata, ports: [...launched.ports] };
      writeJson(paths.metadata, metadata);
      for (const port of launched.ports) events.append({ event: "port_opened", url: portUrl(port), ...port });
    }
    launched.guarded.watch((note) => void events.append({ event: "workspace_guarded", ...note }));
    // What a command prints before anybody hears it would be told to nobody, and that it ended, too.
    await Promise.race([console.firstAttached, keeping.alone, aborted(abort.signal, attachMilliseconds)]);
    if (!abort.signal.aborted) exit = await console.runMain(launched.prepared.sandbox, journal, abort.signal);
    // Of an engine that is a server, the end of what was cut off may be the first that is heard when it dies.
    if (metadata.engine !== "local" && isCutOff(exit.exitCode)) {
      await aborted(abort.signal, lostMilliseconds);
      // A busy engine may tell a command's end seconds before its container's.
      if (launched.prepared.hasDied?.() === true) await aborted(abort.signal, surelyLostMilliseconds);
    }
    end ??= exit.exitCode === 0 ? "completed" : "failed";
  } catch (error) {
    if (!abort.signal.aborted || !end) {
      end ??= "launch_failed";
      const first =
        lost === undefined ? stateFailure(host.stateRoot, error) : runFailure("sandbox_lost", { reason: lost });
      tellFailure(first, { slug, files, console });
    }
  }

  callOff();
  session?.close();
  abort.abort();
  const how = end ?? "failed";
  const durationMs = host.now().getTime() - started.getTime();
  // On disk before teardown begins: a death within it must not turn what the run came to into an interruption.
  metadata = { ...metadata, end: how, exitCode: exit.exitCode, endedAt: host.now().toISOString() };
  writeJson(paths.metadata, metadata);
  const leftovers = await tearDown(host, { launched, guarded, paths, files });
  const signal = exit.signal === undefined ? {} : { signal: exit.signal };
  log.close(); // May tell that it dropped something.
  events.append({ event: "run_completed", slug, end: how, exitCode: exit.exitCode, durationMs, ...signal });
  events.append({ event: "sandbox_stopped", slug, leftovers: [...leftovers] });
  events.close();
  journal.close();
  // Who launched us is on the way: a failure that came first is told to nobody else.
  if (how === "launch_failed")
    await Promise.race([console.firstAttached, keeping.alone, aborted(keeping.signal, attachMilliseconds)]);
  // Nothing is on disk any more that must go, before anybody is told that it is over.
  server.withdraw();
  if (leftovers.length === 0) host.removeFile(paths.open);
  console.ended(how, exit.exitCode, leftovers);
  server.close();
}

/** Which rules it runs under; of one that is resumed, those that it was launched with. */
const digestOf = ({ rules }: LaunchRequest) =>
  rules === undefined ? {} : { policyHash: createHash("sha256").update(rules).digest("hex") };

function tellLaunching(events: EventLog, { slug, engine, modelSource, label }: Metadata): void {
  const named = label === undefined ? {} : { label };
  events.append({
    event: "sandbox_launching",
    version: eventsVersion,
    slug,
    engine,
    model_source: modelSource,
    ...named,
  });
}

function tellLaunched(events: EventLog, launched: LaunchedRun, told: { slug: string; launchMs: number }): void {
  const limits = { ...launched.prepared.sandbox.limitMechanisms };
  events.append({ event: "sandbox_launched", slug: told.slug, launch_ms: told.launchMs, limits });
}

/** The first error of a run is the one reported: to the log, as an event, to whoever is attached. */
function tellFailure(
  error: unknown,
  { slug, files, console }: { slug: string; files: RunFiles; console: RunConsole },
): void {
  const failed = failedOf(error, slug);
  const { message } = failed;
  files.log.line("keeper", error instanceof Error && !(error instanceof Failure) ? (error.stack ?? message) : message);
  files.events.append({ event: "error_reported", message });
  console.failed(failed);
}

function failedOf(error: unknown, slug: string): Parameters<RunConsole["failed"]>[0] {
  if (error instanceof Failure) return { code: error.code, message: error.message, hint: error.hint, exit: error.exit };
  return {
    code: "bug",
    message: error instanceof Error ? error.message : String(error),
    hint: `caisson logs ${slug}`,
    exit: 6,
  };
}

/** Whether a command ended as one does whose sandbox ends: by SIGKILL, or without anybody who saw it. */
const isCutOff = (exitCode: number | null) => exitCode === null || exitCode === 128 + 9;

/** Resolves when the signal says so, or the time is up. */
function aborted(signal: AbortSignal, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
