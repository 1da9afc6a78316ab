import type { ScopeOutcome } from "../cgroup/enter-user-scope.ts";
import type { DockerFacts } from "../docker/read-docker-facts.ts";

/** A program that was found, and what it says of its version. */
export interface ProgramFacts {
  readonly path: string;
  readonly version?: string;
}

/** What came of really starting a sandbox. */
export type TrialOutcome = { readonly ok: true } | { readonly ok: false; readonly detail: string };

/** A container engine, as far as it concerns us: whether its client is here and its service answers. */
export interface ContainerEngineFacts {
  readonly client?: ProgramFacts;
  readonly answers: boolean;
  /** Where it was asked. */
  readonly at: string;
}

/** An agent CLI: where it is, and which of its credentials are in the environment (names, never values). */
export interface AgentFacts {
  readonly name: string;
  readonly program?: ProgramFacts;
  readonly credentials: readonly { readonly variable: string; readonly present: boolean }[];
  /** Names of those that Caisson keeps itself. */
  readonly kept?: readonly string[];
}

/** What Caisson keeps of the person's credentials: names, never values. */
export interface KeptFacts {
  readonly names: readonly string[];
  readonly logins: readonly { readonly provider: string; readonly trouble?: string }[];
  readonly sealedBy?: "passphrase" | "keyring" | "file";
  /** Why they cannot be opened. */
  readonly problem?: string;
}

/** What `doctor` knows of a machine; plain data, so that every trap can be tested without the machine that has it. */
export interface MachineFacts {
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  readonly distribution: { readonly id: string; readonly name: string };
  readonly wsl: 0 | 1 | 2;
  readonly inContainer: boolean;
  readonly isRoot: boolean;
  /** Whether `sudo` works without a question. */
  readonly hasFreeSudo: boolean;
  readonly node: { readonly version: string; readonly path: string };
  readonly programs: Readonly<Record<string, ProgramFacts | undefined>>;
  readonly kernelSettings: {
    readonly unprivilegedUserNamespaces?: number;
    readonly maxUserNamespaces?: number;
    readonly apparmorRestrictsUserNamespaces?: number;
  };
  /** Undefined where it could not be tried: no bubblewrap. */
  readonly sandboxTrial: TrialOutcome | undefined;
  readonly seccomp: boolean;
  /** Which limits a cgroup of ours would keep, and of which version; the others are kept by other means. */
  readonly cgroups: Readonly<Record<"memory" | "processes" | "cpu", "v1" | "v2" | undefined>>;
  /** What came of asking the person's systemd for a scope, where only that would give us cgroups. */
  readonly scope: ScopeOutcome;
  readonly stateFolder: { readonly path: string; readonly isWritable: boolean };
  readonly docker: DockerFacts;
  /** What starts services here. */
  readonly init: "systemd" | "sysv" | "none";
  readonly containerEngines: { readonly podman: ContainerEngineFacts };
  readonly agents: readonly AgentFacts[];
  /** Undefined where it was not asked. */
  readonly kept?: KeptFacts;
}
