import type { Duplex, Readable } from "node:stream";
import { isSilent } from "../../host/docker/bounded-call.ts";
import type { EngineApi } from "../../host/docker/engine-api.ts";
import { splitOutput } from "../../host/docker/split-output.ts";
import type { ExecRequest, RunningProcess } from "../../spec/engine.ts";
import { watchEnd } from "../watch-end.ts";
import type { DockerDefences } from "./defences.ts";
import type { DockerPlan } from "./docker-plan.ts";
import { dockerFailure } from "./errors.ts";
import { type ExecEnds, exitOfExec } from "./exec-ends.ts";
import { firstLines } from "./first-lines.ts";

/** A sandbox's running container. */
export interface ExecPlace {
  readonly api: EngineApi;
  readonly defences: DockerDefences;
  readonly plan: DockerPlan;
  readonly container: string;
  readonly ends: ExecEnds;
}

/** One of these starts the engine's sign to let go of a terminal. Nobody types the first one, and nobody all of them. */
const detachKeys = Array(6).fill("ctrl-^,ctrl-@").join(",");

// Tells its process id, which is also its group's, before anything of the command's own is said: there is no other way to
// signal it, as the engine's API has none and its own id counts on its machine. In a terminal it waits until that has its
// size. A shell that is not there leaves SHELL at one that every image has.
const wrapper = [
  "umask $1",
  '[ -x "$SHELL" ] || export SHELL=/bin/sh',
  'if [ "$3" = pty ]; then echo "caisson-exec:$$"; read -r _; else echo "caisson-exec:$$" >&2; fi',
  'cd -- "$2" || exit 126; unset OLDPWD',
  'shift 3; exec "$@"',
].join("\n");
const mark = /^caisson-exec:(\d+)\r?\n$/;

/** Starts a command in a container, with pipes or in a terminal of its own. */
export async function execInContainer(place: ExecPlace, request: ExecRequest): Promise<RunningProcess> {
  const { api, defences, plan, container, ends } = place;
  const { pty } = request;
  const environment = { ...defences.environment(plan, request), ...(pty && { TERM: pty.term }) };
  const umask = plan.umask.toString(8).padStart(4, "0");
  const workdir = request.workdir ?? plan.workdir;
  const { id, stream } = await api
    .exec(container, {
      Cmd: ["/bin/sh", "-c", wrapper, "sh", umask, workdir, pty ? "pty" : "pipes", ...request.argv],
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      Tty: pty !== undefined,
      DetachKeys: detachKeys,
    })
    .catch((cause: unknown) => {
      throw isSilent(cause) ? cause : dockerFailure("docker_exec_failed", { detail: messageOf(cause) }, { cause });
    });
  stream.on("error", () => {}); // A stream that broke off shows in the end.
  return pty === undefined ? pipedProcess(place, id, stream, ends) : terminalProcess(place, id, stream, pty, ends);
}

function pipedProcess(place: ExecPlace, id: string, stream: Duplex, ends: ExecEnds): RunningProcess {
  const { stdout, stderr } = splitOutput(stream);
  const head = firstLines(stderr, [mark]);
  return runningProcess(place, id, stream, {
    ends,
    pid: head.found.then((lines) => pidOf(lines)),
    ready: Promise.resolve(),
    outputs: [
      ["stdout", stdout],
      ["stderr", head.rest],
    ],
    closeInput: () => void stream.end(),
    resize: () => {},
  });
}

function terminalProcess(
  place: ExecPlace,
  id: string,
  stream: Duplex,
  size: { readonly columns: number; readonly rows: number },
  ends: ExecEnds,
): RunningProcess {
  // What it echoes is the line that lets it go on.
  const head = firstLines(stream, [mark, /^\r?\n$/]);
  const resize = (columns: number, rows: number) => place.api.resizeExec(id, columns, rows).catch(() => {});
  const ready = head.first.then(async (isOurs) => {
    if (!isOurs) return;
    await resize(size.columns, size.rows);
    stream.write("\n");
    await head.found;
  });
  let queue = ready;
  return runningProcess(place, id, stream, {
    ends,
    pid: head.found.then((lines) => pidOf(lines)),
    ready,
    outputs: [["stdout", head.rest]],
    closeInput: () => void stream.write(Uint8Array.of(endOfTyping)),
    resize: (columns, rows) => {
      queue = queue.then(() => resize(columns, rows));
    },
  });
}

const endOfTyping = 4;
const pidOf = (lines: readonly string[]) => {
  const pid = mark.exec(lines[0] ?? "")?.[1];
  return pid === undefined ? undefined : Number(pid);
};

interface ExecStreams {
  readonly ends: ExecEnds;
  /** Its process id inside, as soon as it has told it; undefined when it was never started. */
  readonly pid: Promise<number | undefined>;
  /** Resolves when what is typed reaches the command. */
  readonly ready: Promise<void>;
  readonly outputs: readonly (readonly ["stdout" | "stderr", Readable])[];
  closeInput(): void;
  resize(columns: number, rows: number): void;
}

function runningProcess(place: ExecPlace, id: string, stream: Duplex, streams: ExecStreams): RunningProcess {
  const { outputs } = streams;
  const readers = outputs.map(([, output]) => output);
  const end = watchEnd(exitOfExec(place.api, place.ends, id, stream), readers);
  let isOver = false;
  void end.ended.then(() => {
    isOver = true;
    stream.destroy();
  });
  let input: Promise<unknown> = streams.ready;
  const inOrder = (act: () => void) => {
    input = input.then(act, act);
  };
  return {
    write: (bytes, taken) =>
      inOrder(() => {
        if (stream.writable) stream.write(bytes, () => taken?.());
        else taken?.();
      }),
    closeInput: () =>
      inOrder(() => {
        if (stream.writable) streams.closeInput();
      }),
    resize: streams.resize,
    kill: (signal) => {
      void streams.pid.then((pid) => {
        if (pid !== undefined && !isOver) void signalGroup(place, pid, signal).catch(() => {});
      });
    },
    onOutput: (listener) => {
      for (const [name, output] of outputs) {
        output.on("data", (bytes: Buffer) => {
          end.heard();
          listener(name, bytes);
        });
      }
    },
    pause: () => readers.forEach((output) => void output.pause()),
    resume: () => readers.forEach((output) => void output.resume()),
    ended: end.ended,
  };
}

/** Signals a command's process group, or the command where it has left that. */
async function signalGroup({ api, container, plan }: ExecPlace, pid: number, signal: NodeJS.Signals): Promise<void> {
  const name = signal.replace(/^SIG/, "");
  const script = 'kill -s "$1" -- "-$2" 2>/dev/null || kill -s "$1" "$2"';
  const { stream } = await api.exec(container, {
    Cmd: ["/bin/sh", "-c", script, "sh", name, String(pid)],
    Env: [],
    Tty: false,
    User: `${plan.user.uid}:${plan.user.gid}`,
    DetachKeys: detachKeys,
  });
  stream.on("error", () => {}).resume();
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
