import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { identifyProcess, type ProcessIdentity } from "../../host/process-identity.ts";
import type { LaunchPlan } from "../../spec/engine.ts";
import { sandboxFolders } from "../sandbox-folders.ts";
import type { Defences } from "./defences.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";
import { prepareFolders } from "./prepare-folders.ts";
import { renderHolderArguments } from "./render-holder-arguments.ts";
import { compileFilter, encodeFilter } from "./seccomp/compile-filter.ts";
import type { ViewMount } from "./view.ts";

/** Longest that bubblewrap may take to make the namespaces. */
const startSeconds = 10;

/** Host, defences: what every act of the local engine needs. */
export interface LocalContext {
  readonly host: LocalHost;
  readonly defences: Defences;
}

/**
 * Makes the namespaces and leaves an idle `cat` in them. Resolves when they are there; `mounted` when `cat` answers: by then every
 * mount is made. Its input is a pipe of ours, so that it ends (and all inside with it) when we end, whatever ended us.
 */
export async function startHolder(
  { host, defences }: LocalContext,
  plan: LaunchPlan,
  mounts: readonly ViewMount[],
  options: {
    readonly fixedAffinity: boolean;
    /** Whether its private folders are there already. */
    readonly hasFolders: boolean;
    /** Told before anybody else that there are namespaces to enter: its network can be, before its mounts are made. */
    readonly onNamespaces: (init: ProcessIdentity) => void;
  },
): Promise<Holder> {
  const rules = defences.seccomp({ unixSockets: plan.unixSockets, fixedAffinity: options.fixedAffinity });
  if (!options.hasFolders) prepareFolders(host.files, plan);
  const folders = sandboxFolders(plan.stateDir);
  writeFileSync(folders.seccomp, encodeFilter(compileFilter(host.arch, rules)), { mode: 0o600 });
  const { programs } = host;
  const args = renderHolderArguments({ defences, programs }, plan, mounts);
  // It joins no cgroup: nothing of the agent's runs in it, and joining takes longer than all the rest. It tells of itself
  // in a file: writing to a pipe of ours would end it, in the middle of its work, if we had just ended.
  const given = [openSync(folders.holder, "w", 0o600), openSync(folders.seccomp, "r")];
  const child = host.spawn(programs.bwrap, args, {
    stdio: ["pipe", "pipe", "pipe", ...given],
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
    detached: true,
  });
  for (const descriptor of given) closeSync(descriptor);
  const gone = new Promise<{ reason: string }>((resolve) => {
    child.once("error", (error) => resolve({ reason: error.message }));
    child.once("exit", (code, signal) =>
      resolve({ reason: signal ? `ended by ${signal}` : `ended with code ${code}` }),
    );
  });
  const failed = (error: unknown) => {
    // Its child first: without its parent it would wait for ever, before it is anything that could end by itself.
    const made = child.pid === undefined ? [] : host.processes.children(child.pid);
    for (const pid of made) host.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    return localFailure("local_holder_failed", { detail: error instanceof Error ? error.message : String(error) });
  };
  const answered = bounded(answer(child));
  const mounted = answered.catch((error: unknown) => {
    throw failed(error);
  });
  mounted.catch(() => {}); // Told by whoever waits for it.
  try {
    const initPid = await tellInit(folders.holder, answered);
    const init = identifyProcess(initPid);
    options.onNamespaces(init);
    const pidNamespace = host.processes.namespace(initPid, "pid");
    if (child.pid === undefined || pidNamespace === undefined) {
      await answered; // It says why.
      throw new Error("it ended at once");
    }
    return { monitor: identifyProcess(child.pid), init, pidNamespace, mounted, gone };
  } catch (error) {
    throw failed(error);
  }
}

/** Resolves when the idle command inside has answered: by then every mount of bubblewrap's is made. */
async function answer(child: ChildProcess): Promise<void> {
  const [input, output, errors] = [child.stdin, child.stdout, child.stderr];
  if (!input || !output || !errors) throw new Error("it could not be spawned");
  input.on("error", () => {}); // A holder that died shows in `gone`.
  let complaint = "";
  errors.on("data", (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-2000);
  });
  input.write("\n");
  await new Promise<void>((resolve, reject) => {
    output.once("data", () => resolve());
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(complaint.trim() || `bubblewrap ended with code ${code}`)));
  });
}

/** The first process's id, as soon as bubblewrap tells it: there are namespaces then, and no mounts yet. */
async function tellInit(infoFile: string, answered: Promise<void>): Promise<number> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  answered.then(over, over);
  for (;;) {
    const wasOver = isOver;
    const pid = readInitPid(infoFile);
    if (pid !== undefined) return pid;
    if (wasOver) {
      await answered;
      throw new Error("bubblewrap did not tell its process");
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** bubblewrap writes one JSON object, in any number of pieces. */
function readInitPid(file: string): number | undefined {
  try {
    const pid = /"child-pid":\s*(\d+)\s*[,}\n]/.exec(readFileSync(file, "utf8"))?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  }
}

function bounded<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${startSeconds} s`)), startSeconds * 1000);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
