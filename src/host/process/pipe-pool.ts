import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { SpawnChild } from "./child.ts";

/** Three pipes of a program to come. `inside` are the program's ends: ours to close, with `release`, once it has them. */
export interface ProgramPipes {
  readonly inside: readonly [number, number, number];
  release(): void;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** Hands out pipes. Node's own "pipes" are sockets, which a program cannot open again as /dev/stderr. */
export interface PipePool {
  take(): Promise<ProgramPipes>;
  /** Closes what was made in advance and not taken. */
  close(): void;
}

/** Makes pipes in advance, one program's at a time, so that taking them costs no time. */
export function createPipePool(spawn: SpawnChild): PipePool {
  let closed = false;
  let next: Promise<Descriptors> | undefined = inAdvance();
  return {
    take: async () => {
      const mine = next ?? makePipes(spawn);
      next = closed ? undefined : inAdvance();
      return programPipes(await mine);
    },
    close: () => {
      closed = true;
      next?.then(({ near, inside }) => [...near, ...inside].forEach((fd) => void closeSync(fd))).catch(() => {});
      next = undefined;
    },
  };

  function inAdvance(): Promise<Descriptors> {
    const made = makePipes(spawn);
    made.catch(() => {}); // Told to whoever takes them.
    return made;
  }
}

type Three = readonly [number, number, number];

interface Descriptors {
  readonly near: Three;
  readonly inside: Three;
}

/** Longest that a shell may take to make three pipes. */
const makeSeconds = 10;

// Node cannot make a pipe, a shell does: between the parts of a pipeline. Each part lays its pipe aside as 5, tells its
// process id and waits for the end of the shell's input; the pipe is meanwhile opened from outside, at both ends.
const script = `
exec 3>&1 4<&0
part() {
  exec 5>&1 1>&3
  read -r pid rest </proc/self/stat
  echo "$1 $pid"
  read -r rest <&4
}
part 0 | part 1 | part 2 | part 3 >/dev/null
`;

async function makePipes(spawn: SpawnChild): Promise<Descriptors> {
  const child = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "ignore"], env: {}, cwd: "/" });
  child.stdin?.on("error", () => {});
  try {
    return openPipes(await partPids(child));
  } finally {
    child.stdin?.destroy(); // Ends the parts.
  }
}

function partPids(child: ReturnType<SpawnChild>): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const pids: number[] = [];
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
      for (const [, part, pid] of text.matchAll(/^(\d) (\d+)\n/gm)) pids[Number(part)] = Number(pid);
      if ([0, 1, 2, 3].some((part) => pids[part] === undefined)) return;
      clearTimeout(timer);
      resolve(pids);
    });
  });
}

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** Our ends do not block, the program's do: each is opened anew. */
function openPipes(pids: readonly number[]): Descriptors {
  const [input, output, errors] = pids.map((pid) => `/proc/${pid}/fd/5`);
  if (input === undefined || output === undefined || errors === undefined) throw new Error("a shell made no pipes");
  return {
    near: [
      openSync(input, O_WRONLY | O_NONBLOCK),
      openSync(output, O_RDONLY | O_NONBLOCK),
      openSync(errors, O_RDONLY | O_NONBLOCK),
    ],
    inside: [openSync(input, O_RDONLY), openSync(output, O_WRONLY), openSync(errors, O_WRONLY)],
  };
}

function programPipes({ near, inside }: Descriptors): ProgramPipes {
  const [input, output, errors] = near;
  return {
    inside,
    release: () => inside.forEach((fd) => void closeSync(fd)),
    stdin: new Socket({ fd: input, readable: false, writable: true }),
    stdout: new Socket({ fd: output, readable: true, writable: false }),
    stderr: new Socket({ fd: errors, readable: true, writable: false }),
  };
}
