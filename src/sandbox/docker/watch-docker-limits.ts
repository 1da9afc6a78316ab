import { findGroups } from "../../host/cgroup/cgroup-layout.ts";
import { readGroupEvents } from "../../host/cgroup/group-events.ts";
import type { Sandbox } from "../../spec/engine.ts";
import { watchDisk } from "../disk/watch-disk.ts";
import type { DockerHost } from "./docker-host.ts";
import type { DockerPlan } from "./docker-plan.ts";

type LimitListener = Parameters<Sandbox["onLimit"]>[0];

/** Watches one sandbox's limits while it lives. */
export interface DockerLimitWatch {
  onLimit(listener: LimitListener): void;
  /** The engine told that the kernel ended a process for want of memory. */
  outOfMemory(): void;
  /** Looks at once: an end of a command that a limit caused is told after the limit. */
  check(): void;
  /** Begins to watch the machine's own counters and disks. */
  follow(initPid: number): void;
  /** The breach that ended the sandbox, if one did. */
  breach(): string | undefined;
  close(): void;
}

const lookMilliseconds = 500;

/** Memory and processes are kept by the kernel, and reported; the disk is watched, and `end` is called when it is too full. */
export function watchDockerLimits(host: DockerHost, plan: DockerPlan, end: () => void): DockerLimitWatch {
  const { limits } = plan;
  const listeners: LimitListener[] = [];
  const told = new Map<Parameters<LimitListener>[0], string>();
  let breach: string | undefined;
  let close = () => {};
  let check = () => {};
  const tell: LimitListener = (limit, detail) => {
    if (told.has(limit)) return;
    told.set(limit, detail);
    for (const listener of listeners) listener(limit, detail);
  };
  const outOfMemory = () => tell("memory", `${limits.memoryBytes} bytes: the kernel ended a process`);
  return {
    onLimit: (listener) => {
      listeners.push(listener);
      for (const [limit, detail] of told) listener(limit, detail);
    },
    outOfMemory,
    check: () => check(),
    follow: (initPid) => {
      const groups = host.processes.file(initPid, "cgroup") ?? "";
      const group = { dirs: [], controllers: findGroups(host.processes.file("self", "mountinfo") ?? "", groups) };
      check = () => {
        const events = readGroupEvents(host.cgroups, group);
        if (events.memory > 0) outOfMemory();
        if (events.processes > 0) tell("processes", `${limits.processes}: no more were started`);
      };
      const timer = setInterval(() => check(), lookMilliseconds);
      timer.unref();
      const workspace = plan.workspace.mode === "mount" ? plan.workspace.dir : undefined;
      const disk = watchDisk(
        host.files,
        {
          folders: [plan.stateDir],
          limitBytes: limits.diskBytes,
          initPid,
          ...(workspace !== undefined && { workspace }),
        },
        (detail) => {
          breach = `disk limit: ${detail}`;
          tell("disk", detail);
          end();
        },
      );
      close = () => {
        clearInterval(timer);
        disk.close();
      };
    },
    breach: () => breach,
    close: () => close(),
  };
}
