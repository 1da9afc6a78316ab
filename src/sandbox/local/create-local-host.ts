import { accessSync, constants } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { cgroupFiles } from "../../host/cgroup/cgroup-files.ts";
import { enterUserScope, type ScopeOutcome } from "../../host/cgroup/enter-user-scope.ts";
import { createSpawner } from "../../host/process/child.ts";
import { fileFacts } from "../../host/process/file-facts.ts";
import { procTable } from "../../host/process/process-table.ts";
import { createOpenTerminal } from "../../host/pty/open-terminal.ts";
import { localFailure } from "./errors.ts";
import type { LocalHost, LocalPrograms } from "./local-host.ts";

/** Makes the real host of the local engine. For a main file: it says where programs are looked for. */
export function createLocalHost(machine: {
  readonly path: string;
  readonly arch: string;
  readonly node: string;
  readonly uid: number;
  readonly listenerEntry: string;
  readonly dialerEntry: string;
}): LocalHost {
  const { arch } = machine;
  if (arch !== "x64" && arch !== "arm64") throw localFailure("local_architecture", { arch });
  const spawner = createSpawner();
  let scope: Promise<ScopeOutcome> | undefined;
  return {
    spawn: spawner.spawn,
    openTerminal: createOpenTerminal(spawner),
    processes: procTable,
    files: fileFacts,
    cgroups: cgroupFiles,
    enterScope: () => {
      scope ??= enterUserScope({ spawn: spawner.spawn, cgroups: cgroupFiles }, { uid: machine.uid, pid: process.pid });
      return scope;
    },
    kill: (pid, signal) => {
      try {
        return process.kill(pid, signal);
      } catch {
        return false;
      }
    },
    programs: findPrograms(machine.path, machine.node),
    arch,
    isRoot: machine.uid === 0,
    listenerEntry: machine.listenerEntry,
    dialerEntry: machine.dialerEntry,
  };
}

const systemFolders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/run/current-system/sw/bin"];

/** Whether a program was found in a folder of the system's own, not on the person's PATH. */
export const isSystemProgram = (program: string): boolean => systemFolders.includes(dirname(program));

/** The system's own and no other: it runs a script of ours that talks to the kernel. */
const perl = "/usr/bin/perl";

function findPrograms(path: string, node: string): LocalPrograms {
  // The system's first: PATH may name a folder that a repository brought.
  const folders = [...systemFolders, ...path.split(delimiter).filter(isAbsolute)];
  const find = (program: string) => {
    const found = folders.map((folder) => join(folder, program)).find(isExecutable);
    if (found === undefined) throw localFailure("local_program_missing", { program });
    return found;
  };
  return {
    bwrap: find("bwrap"),
    nsenter: find("nsenter"),
    sh: "/bin/sh",
    cat: find("cat"),
    mount: find("mount"),
    prlimit: find("prlimit"),
    setsid: find("setsid"),
    taskset: find("taskset"),
    node,
    ...(isExecutable(perl) && { perl }),
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
