import { readGroupEvents } from "../../../host/cgroup/group-events.ts";
import type { LaunchPlan, Sandbox } from "../../../spec/engine.ts";
import { watchDisk } from "../../disk/watch-disk.ts";
import type { Holder } from "../holder.ts";
import type { LocalHost } from "../local-host.ts";
import { measureTree } from "./measure-tree.ts";
import type { LimitSetup } from "./prepare-limits.ts";

type LimitListener = Parameters<Sandbox["onLimit"]>[0];

/** Watches one sandbox's limits while it lives. */
export interface LimitWatch {
  onLimit(listener: LimitListener): void;
  /** Looks at once: an end of a command that a limit caused is told after the limit. */
  check(): void;
  /** The breach that ended the sandbox, if one did. */
  breach(): string | undefined;
  close(): void;
}

const slowMilliseconds = 250;
const fastMilliseconds = 50;

/** Starts to watch. What the kernel enforces is reported; what it does not is enforced by ending the sandbox. */
export function watchLimits(
  host: Pick<LocalHost, "files" | "cgroups" | "kill">,
  plan: LaunchPlan,
  holder: Pick<Holder, "init">,
  setup: LimitSetup,
): LimitWatch {
  const { limits } = plan;
  const isWatched = (controller: "memory" | "pids") => !setup.group.controllers.has(controller);
  const listeners: LimitListener[] = [];
  const told = new Map<Parameters<LimitListener>[0], string>();
  let breach: string | undefined;
  const tell: LimitListener = (limit, detail) => {
    if (told.has(limit)) return;
    told.set(limit, detail);
    for (const listener of listeners) listener(limit, detail);
  };
  const end: LimitListener = (limit, detail) => {
    breach ??= `${limit} limit: ${detail}`;
    tell(limit, detail);
    host.kill(holder.init.pid, "SIGKILL");
  };

  /** Returns how near to a watched limit the sandbox is. */
  const check = (): number => {
    const events = readGroupEvents(host.cgroups, setup.group);
    if (events.memory > 0) tell("memory", `${limits.memoryBytes} bytes: the kernel ended a process`);
    if (events.processes > 0) tell("processes", `${limits.processes}: no more were started`);
    if (!isWatched("memory") && !isWatched("pids")) return 0;
    const use = measureTree(host.files, holder.init.pid, limits.memoryBytes);
    if (isWatched("memory") && use.memoryBytes > limits.memoryBytes) {
      end("memory", `${use.memoryBytes} bytes of ${limits.memoryBytes}`);
    }
    if (isWatched("pids") && use.processes >= limits.processes) {
      // Where the kernel counts for each command, it refuses more by itself; only many commands together come further.
      const most = setup.processes === undefined ? limits.processes : 2 * limits.processes;
      const act = use.processes > most ? end : tell;
      act("processes", `${use.processes} of ${limits.processes}`);
    }
    return Math.max(use.memoryBytes / limits.memoryBytes, use.processes / limits.processes);
  };

  let timer: NodeJS.Timeout | undefined;
  const poll = () => {
    const nearness = check();
    timer = setTimeout(poll, nearness > 0.5 ? fastMilliseconds : slowMilliseconds);
    timer.unref();
  };
  timer = setTimeout(poll, slowMilliseconds);
  timer.unref();
  const workspace = plan.workspace.mode === "mount" ? plan.workspace.dir : undefined;
  const disk = watchDisk(
    host.files,
    {
      // Whole: the copies of git directories that it writes to lie there too, and events and audit lines that it causes.
      folders: [plan.stateDir],
      limitBytes: limits.diskBytes,
      initPid: holder.init.pid,
      ...(workspace !== undefined && { workspace }),
    },
    (detail) => end("disk", detail),
  );
  return {
    onLimit: (listener) => {
      listeners.push(listener);
      for (const [limit, detail] of told) listener(limit, detail);
    },
    check: () => void check(),
    breach: () => breach,
    close: () => {
      clearTimeout(timer);
      disk.close();
    },
  };
}
