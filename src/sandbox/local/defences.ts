import type { FileFacts } from "../../host/process/file-facts.ts";
import type { ExecRequest, LaunchPlan } from "../../spec/engine.ts";
import { sandboxEnvironment } from "../environment.ts";
import type { sandboxFolders } from "../sandbox-folders.ts";
import { type SeccompOptions, type SeccompRules, seccompRules } from "../seccomp/seccomp-rules.ts";
import { agentId } from "./etc-files.ts";
import { procMounts, systemMounts, trustMounts } from "./system-mounts.ts";
import type { ViewMount } from "./view.ts";

/**
 * Everything that keeps an agent in, one entry per defence. Handed to the engine as a record, so that the attack battery
 * can take exactly one away and show that the attack then succeeds; nothing else ever passes another record.
 */
export interface Defences {
  /** Namespaces of the sandbox, as bubblewrap's arguments. */
  readonly namespaces: readonly string[];
  /** Capabilities of everything inside. */
  readonly capabilities: readonly string[];
  /** A session of its own: no controlling terminal of ours. Not used where the command gets a terminal of its own. */
  readonly session: readonly string[];
  /** User namespace of each command, nested in the sandbox's: no process of the agent's can trace our helpers inside. */
  readonly agentUser: readonly string[];
  /** Everything inside ends with the keeper. */
  readonly lifetime: readonly string[];
  seccomp(options: SeccompOptions): SeccompRules;
  system(files: FileFacts, etcFolder: string): readonly ViewMount[];
  trust(files: FileFacts, bundle: string): readonly ViewMount[];
  proc(files: FileFacts, folders: ReturnType<typeof sandboxFolders>, isRoot: boolean): readonly ViewMount[];
  devices(shmBytes: number): readonly ViewMount[];
  /** Last of all mounts: what is left of the root file system takes no more files. */
  readonly root: readonly ViewMount[];
  /** All variables of a command inside: built from nothing, never from ours. */
  environment(plan: LaunchPlan, request: ExecRequest): Readonly<Record<string, string>>;
}

/** The defences of every real sandbox. */
export const localDefences: Defences = {
  namespaces: [
    "--unshare-user",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-net",
    "--unshare-cgroup",
  ],
  capabilities: ["--cap-drop", "ALL"],
  session: ["--new-session"],
  agentUser: ["--unshare-user", "--uid", String(agentId), "--gid", String(agentId)],
  lifetime: ["--die-with-parent"],
  seccomp: seccompRules,
  system: systemMounts,
  trust: trustMounts,
  proc: procMounts,
  devices: (shmBytes) => [
    { kind: "dev", target: "/dev" },
    { kind: "tmpfs", target: "/dev/shm", bytes: shmBytes },
    { kind: "remount-ro", target: "/dev" },
  ],
  root: [{ kind: "remount-ro", target: "/" }],
  environment: (plan, request) => ({ ...sandboxEnvironment(plan), ...plan.environment, ...request.environment }),
};
