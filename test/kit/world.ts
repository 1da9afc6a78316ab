import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";

/** A machine of its own: network, process and mount namespaces made for one test file. It dies with us, whatever happens to us. */
export interface Machine extends AsyncDisposable {
  /** Calls a function that the machine's main script answers with `serveCalls`. */
  call(name: string, data: unknown): Promise<unknown>;
}

/** Programs of the operating system that the tests' outside world needs, with the package that brings each (Debian's names). */
const needed: Readonly<Record<string, string>> = {
  unshare: "util-linux",
  nsenter: "util-linux",
  mount: "mount",
  ip: "iproute2",
  gcc: "gcc libc6-dev",
  git: "git",
  curl: "curl",
  bwrap: "bubblewrap",
};

function isOnPath(program: string, path: string): boolean {
  return path.split(":").some((dir) => {
    try {
      accessSync(`${dir}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What this machine lacks for the outside world, as lines that say what to type. Empty = nothing. */
export function missingForWorld(): readonly string[] {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  const packages = new Set(Object.entries(needed).flatMap(([name, from]) => (isOnPath(name, path) ? [] : [from])));
  return [
    ...(packages.size > 0 ? [`programs are missing: sudo apt-get install -y ${[...packages].join(" ")}`] : []),
    ...(process.getuid?.() === 0
      ? []
      : ["network namespaces and veth pairs need root: run it as root, e.g. sudo -E npm run attacks"]),
  ];
}

function callOver(child: ChildProcess): Machine["call"] {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  child.on("message", (reply: { id?: number; value?: unknown; error?: string }) => {
    const asker = waiting.get(reply.id ?? -1);
    waiting.delete(reply.id ?? -1);
    if (reply.error === undefined) asker?.resolve(reply.value);
    else asker?.reject(new Error(reply.error));
  });
  child.once("exit", (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the machine ended (${signal ?? code})`));
  });
  return (name, data) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      child.send({ id: last, call: name, data }, (error) => {
        if (error) reject(error);
      });
    });
}

/** Starts `main` (a TypeScript file) with these arguments as the main program of a new machine; resolves when it called `serveCalls`. */
export async function startMachine(main: string, args: readonly string[] = []): Promise<Machine> {
  const missing = missingForWorld();
  if (missing.length > 0) throw new Error(`Cannot make the outside world of the tests:\n  ${missing.join("\n  ")}`);
  // A shell is the machine's first process: it reaps orphans, and its end ends all the others. The main script leaves when
  // its channel to us closes, so nothing is left even after a kill -9 of the tests: no namespace has a name.
  const argv = ["--net", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-c"];
  const child = spawn("unshare", [...argv, '"$@"; exit $?', "sh", process.execPath, main, ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the machine did not start (exit ${code}): see its output above`)));
  });
  return {
    call: callOver(child),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
