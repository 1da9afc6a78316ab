import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { identifyProcess, type ProcessIdentity } from "../../host/process-identity.ts";
import type { LaunchPlan } from "../../spec/engine.ts";
import type { Defences } from "./defences.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";
import { prepareFolders } from "./prepare-folders.ts";
import { holderDescriptors, renderHolderArguments } from "./render-holder-arguments.ts";
import { sandboxFolders } from "./sandbox-folders.ts";
import { compileFilter, encodeFilter } from "./seccomp/compile-filter.ts";
import type { SandboxView } from "./view.ts";

/** Longest that bubblewrap may take to make the namespaces. */
const startSeconds = 10;

/** Host, defences: what every act of the local engine needs. */
export interface LocalContext {
  readonly host: LocalHost;
  readonly defences: Defences;
}

/**
 * Makes the namespaces and leaves an idle `cat` in them. It is ready when `cat` answers: by then every mount is made. Its
 * input is a pipe of ours, so that it ends (and all inside with it) when we end, whatever ended us.
 */
export async function startHolder(
  { host, defences }: LocalContext,
  plan: LaunchPlan,
  view: SandboxView,
  options: {
    readonly fixedAffinity: boolean;
    /** Told as soon as there are namespaces to enter: its network can be, before its mounts are made. */
    readonly onNamespaces: (init: ProcessIdentity) => void;
  },
): Promise<Holder> {
  const rules = defences.seccomp({ unixSockets: plan.unixSockets, fixedAffinity: options.fixedAffinity });
  prepareFolders(host.files, plan, encodeFilter(compileFilter(host.arch, rules)));
  const { programs, files, isRoot } = host;
  const command = [programs.bwrap, ...renderHolderArguments({ defences, files, programs, isRoot }, plan, view)];
  // It joins no cgroup: nothing of the agent's runs in it, and joining takes longer than all the rest.
  const child = host.spawn(programs.sh, ["-c", 'exec "$@" 9<"$0"', sandboxFolders(plan.stateDir).seccomp, ...command], {
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
    detached: true,
  });
  const gone = new Promise<{ reason: string }>((resolve) => {
    child.once("error", (error) => resolve({ reason: error.message }));
    child.once("exit", (code, signal) =>
      resolve({ reason: signal ? `ended by ${signal}` : `ended with code ${code}` }),
    );
  });
  try {
    let init: ProcessIdentity | undefined;
    await bounded(
      ready(child, (pid) => {
        init = identifyProcess(pid);
        options.onNamespaces(init);
      }),
    );
    const pidNamespace = init && host.processes.namespace(init.pid, "pid");
    if (child.pid === undefined || init === undefined || pidNamespace === undefined) {
      throw new Error("it ended at once");
    }
    return { monitor: identifyProcess(child.pid), init, pidNamespace, gone };
  } catch (error) {
    child.kill("SIGKILL");
    throw localFailure("local_holder_failed", { detail: error instanceof Error ? error.message : String(error) });
  }
}

/** Resolves when the idle command inside has answered; tells the first process's id before, as soon as there is one. */
async function ready(child: ChildProcess, onInit: (pid: number) => void): Promise<void> {
  const [input, output, errors] = [child.stdin, child.stdout, child.stderr];
  const info = child.stdio[holderDescriptors.info] as Readable | undefined;
  if (!input || !output || !errors || !info) throw new Error("it could not be spawned");
  input.on("error", () => {}); // A holder that died shows in `gone`.
  let complaint = "";
  errors.on("data", (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-2000);
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(complaint.trim() || `bubblewrap ended with code ${code}`)));
  });
  const answered = new Promise<void>((resolve) => output.once("data", () => resolve()));
  input.write("\n");
  onInit(await Promise.race([readInitPid(info), ended]));
  await Promise.race([answered, ended]);
  ended.catch(() => {});
}

/** bubblewrap writes one JSON object, in any number of pieces. */
function readInitPid(info: Readable): Promise<number> {
  return new Promise((resolve) => {
    let text = "";
    info.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      const pid = /"child-pid":\s*(\d+)\s*[,}\n]/.exec(text)?.[1];
      if (pid !== undefined) resolve(Number(pid));
    });
  });
}

function bounded<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${startSeconds} s`)), startSeconds * 1000);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
