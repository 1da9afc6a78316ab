import { constants, openSync, statSync } from "node:fs";
import type { SpawnChild } from "./child.ts";

/** Which way a pipe goes, as the program sees it that gets the `inside` end. */
export type PipeDirection = "in" | "out";

/** Both ends of a pipe, as descriptors. Ours does not block; the program's does. */
export interface Pipe {
  readonly near: number;
  readonly inside: number;
}

/** Longest that a shell may take to make pipes. */
const makeSeconds = 10;

// Node cannot make a pipe (its own are sockets, which a program cannot open again as /dev/stderr). A shell can: an empty
// here-document is one. It lays them aside, tells its process id and waits for the end of its input; the pipes are meanwhile
// opened from outside, at both ends.
const script = (count: number) => {
  const fds = Array.from({ length: count }, (_, index) => firstFd + index);
  const documents = fds.map((fd) => `${fd}<<END`).join(" ");
  return `exec ${documents}\n${"END\n".repeat(count)}echo ready\nread -r rest\n`;
};

const firstFd = 3;
/** A shell knows descriptors of one digit. */
const mostPipes = 10 - firstFd;

/** Makes pipes, one for each direction given; at most seven. */
export async function makePipes(spawn: SpawnChild, directions: readonly PipeDirection[]): Promise<readonly Pipe[]> {
  if (directions.length > mostPipes) throw new RangeError(`at most ${mostPipes} pipes`);
  return (await makeByDocuments(spawn, directions)) ?? (await makeByPipeline(spawn, directions));
}

/** Undefined where the shell makes a file of a here-document. */
async function makeByDocuments(
  spawn: SpawnChild,
  directions: readonly PipeDirection[],
): Promise<readonly Pipe[] | undefined> {
  const child = spawn("/bin/sh", ["-c", script(directions.length)], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {},
    cwd: "/",
  });
  child.stdin?.on("error", () => {});
  try {
    await firstOutput(child);
    const paths = directions.map((_, index) => `/proc/${child.pid}/fd/${firstFd + index}`);
    if (!paths.every((path) => statSync(path).isFIFO())) return undefined;
    return directions.map((direction, index) => openPipe(paths[index] ?? "", direction));
  } finally {
    child.stdin?.destroy();
  }
}

function firstOutput(child: ReturnType<SpawnChild>): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no pipes within ${makeSeconds} s`)), makeSeconds * 1000);
    child.once("error", fail);
    child.once("close", (code) => fail(new Error(`a shell that makes pipes ended with code ${code}`)));
    child.stdout?.once("data", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

// Between the parts of a pipeline every shell makes pipes, at the price of a process for each. Each part lays its pipe aside as
// 5, tells its process id and waits for the end of the shell's input.
const pipelineScript = `
exec 3>&1 4<&0
part() {
  exec 5>&1 1>&3
  read -r pid rest </proc/self/stat
  echo "$1 $pid"
  read -r rest <&4
}
`;

async function makeByPipeline(spawn: SpawnChild, directions: readonly PipeDirection[]): Promise<readonly Pipe[]> {
  const parts = [...directions.map((_, index) => `part ${index}`), "read -r rest <&4"].join(" | ");
  const child = spawn("/bin/sh", ["-c", pipelineScript + parts], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {},
    cwd: "/",
  });
  child.stdin?.on("error", () => {});
  try {
    const pids = await partPids(child, directions.length);
    return directions.map((direction, index) => openPipe(`/proc/${pids[index]}/fd/5`, direction));
  } finally {
    child.stdin?.destroy(); // Ends the parts.
  }
}

function partPids(child: ReturnType<SpawnChild>, count: number): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const pids = new Map<number, number>();
    let text = "";
    const timer = setTimeout(() => reject(new Error(`no pipes within ${makeSeconds} s`)), makeSeconds * 1000);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    child.once("error", fail);
    child.once("close", (code) => fail(new Error(`a shell that makes pipes ended with code ${code}`)));
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      for (const [, part, pid] of text.matchAll(/^(\d+) (\d+)\n/gm)) pids.set(Number(part), Number(pid));
      if (pids.size < count) return;
      clearTimeout(timer);
      resolve(Array.from({ length: count }, (_, index) => pids.get(index) ?? 0));
    });
  });
}

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** Opens both ends anew: whether an end blocks is a property of its opening. */
function openPipe(path: string, direction: PipeDirection): Pipe {
  const [ours, theirs] = direction === "in" ? [O_WRONLY, O_RDONLY] : [O_RDONLY, O_WRONLY];
  return { near: openSync(path, ours | O_NONBLOCK), inside: openSync(path, theirs) };
}
