import type { ChildProcess } from "node:child_process";
import { constants, openSync } from "node:fs";
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

// Node cannot make a pipe: its own are sockets, which a program cannot open again as /dev/stderr. Between the parts of a
// pipeline every shell makes them. Each part lays its pipe aside as 5, tells its process id and waits for the end of the shell's input.
const pipelineScript = `
exec 3>&1 4<&0
part() {
  exec 5>&1 1>&3
  read -r pid rest </proc/self/stat
  echo "$1 $pid"
  read -r rest <&4
}
`;

/** Makes pipes, one for each direction given, at the price of a process for each. */
export async function makePipes(spawn: SpawnChild, directions: readonly PipeDirection[]): Promise<readonly Pipe[]> {
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
  return { near: openNear(path, direction), inside: openSync(path, direction === "in" ? O_RDONLY : O_WRONLY) };
}

/** Opens our end of a pipe; it does not block. */
export const openNear = (path: string, direction: PipeDirection): number =>
  openSync(path, (direction === "in" ? O_WRONLY : O_RDONLY) | O_NONBLOCK);

/** Resolves with the first output of a shell that makes pipes; rejects when it ends before, or takes too long. */
export function firstOutput(child: ChildProcess): Promise<void> {
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
