import type { CgroupFiles } from "../../host/cgroup/cgroup-files.ts";
import type { ScopeOutcome } from "../../host/cgroup/enter-user-scope.ts";
import type { SpawnChild } from "../../host/process/child.ts";
import type { FileFacts } from "../../host/process/file-facts.ts";
import type { ProcessTable } from "../../host/process/process-table.ts";
import type { OpenTerminal } from "../../host/pty/open-terminal.ts";
import type { SeccompArch } from "../seccomp/seccomp-rules.ts";

/** Absolute paths of the programs that the engine runs; none of them is ours. */
export interface LocalPrograms {
  readonly bwrap: string;
  readonly nsenter: string;
  readonly sh: string;
  readonly cat: string;
  readonly mount: string;
  readonly prlimit: string;
  readonly setsid: string;
  readonly taskset: string;
  readonly node: string;
  /** Where the system has it: some helpers start faster with it. */
  readonly perl?: string;
}

/** All that the local engine does to the outside and knows of it. */
export interface LocalHost {
  readonly spawn: SpawnChild;
  readonly openTerminal: OpenTerminal;
  readonly processes: ProcessTable;
  readonly files: FileFacts;
  readonly cgroups: CgroupFiles;
  /** Puts us into a systemd scope where only that gives us cgroups. Asks once, however often it is called. */
  readonly enterScope: () => Promise<ScopeOutcome>;
  /** Sends a signal; false when there is no such process. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => boolean;
  readonly programs: LocalPrograms;
  readonly arch: SeccompArch;
  /** Whether we are the machine's root: the agent then has root's user id in the kernel's eyes, though no capability. */
  readonly isRoot: boolean;
  /** File that Node runs to open a listener in a sandbox's network. */
  readonly listenerEntry: string;
  /** File that Node runs to connect to published ports there. */
  readonly dialerEntry: string;
}
