import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";

/** Starts a program; the one effect that makes a process. Must be called on the main thread: parent-death signals follow the thread. */
export type SpawnChild = (file: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

/** Starts children that get the descriptors they were given and no other. */
export interface Spawner {
  readonly spawn: SpawnChild;
  /** Names a descriptor of ours that has no close-on-exec flag (native code opened it), until `uncover`. */
  cover(fd: number): void;
  uncover(fd: number): void;
}

/**
 * Makes a spawner. Descriptors that we inherited ourselves, such as a shell's `5<file`, would go on to every child: Node
 * neither closes them nor can it flag them. They are covered instead: in a child they are `/dev/null`.
 */
export function createSpawner(): Spawner {
  const covered = new Set(inheritableDescriptors());
  const nothing = openSync("/dev/null", "r+");
  return {
    spawn: (file, args, options) => spawn(file, [...args], { ...options, stdio: withCovers(options.stdio) }),
    cover: (fd) => void covered.add(fd),
    uncover: (fd) => void covered.delete(fd),
  };

  function withCovers(stdio: StdioOptions | undefined): StdioOptions {
    const given = Array.isArray(stdio) ? stdio : Array(3).fill(stdio ?? "pipe");
    const own = new Set(given.filter((entry) => typeof entry === "number"));
    const above = [...covered].filter((fd) => fd >= given.length && !own.has(fd));
    const all = [...given];
    for (const fd of above) all[fd] = nothing;
    return Array.from(all, (entry) => entry ?? "ignore");
  }
}

const closeOnExec = 0o2000000;

/** Our descriptors that a child would inherit; without `/proc` none can be known. */
function inheritableDescriptors(): readonly number[] {
  const isInheritable = (fd: number) => {
    try {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
      return (Number.parseInt(flags, 8) & closeOnExec) === 0;
    } catch {
      return false; // The descriptor that listed the folder: closed by now.
    }
  };
  try {
    return readdirSync("/proc/self/fd")
      .map(Number)
      .filter((fd) => fd > 2 && isInheritable(fd));
  } catch {
    return [];
  }
}
