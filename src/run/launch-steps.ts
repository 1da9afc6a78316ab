import type { statePaths } from "../sandbox/state-paths.ts";
import type { GuardNote } from "../sandbox/workspace/guard-plan.ts";
import type { JournalLine } from "../spec/state-files.ts";

/** What undoing needs of the outside. All are idempotent: "it is not there" is success. */
export interface UndoHost {
  /** Ends every process of the sandbox and removes its cgroups; returns what it could not end. */
  reapSandbox(stateDir: string, facts: Facts): Promise<readonly string[]>;
  /** Ends the gate that these facts of its step name; returns what it could not end. */
  endGate(stateDir: string, facts: Facts): Promise<readonly string[]>;
  /** Merges back what may be merged and removes what the guard put into the workspace; returns what it could not. */
  settleGuard(
    stateDir: string,
  ): Promise<{ readonly notes: readonly GuardNote[]; readonly leftovers: readonly string[] }>;
  /** Removes a copy of the workspace that was not completed; a whole one is kept until the sandbox is removed. */
  removeHalfCopy(stateDir: string): Promise<readonly string[]>;
  /** Removes private folders that are of no use after the run. */
  removeScratch(stateDir: string): Promise<readonly string[]>;
  removeFile(path: string): void;
}

/** Where undoing is told: the journal, and notes for the person. */
export interface UndoRecord {
  undone(step: string): void;
  undoFailed(step: string, data: Facts): void;
  noted(notes: readonly GuardNote[]): void;
}

/** Data of a step's intent and result lines, merged. */
export type Facts = Readonly<Record<string, unknown>>;

interface LaunchStep {
  readonly does: string;
  readonly undoes: string;
  /** Undoes the step from what the journal says alone, whether it was done, half done or never begun. Returns leftovers. */
  undo(
    host: UndoHost,
    paths: ReturnType<typeof statePaths>,
    facts: Facts,
    record: UndoRecord,
  ): Promise<readonly string[]>;
}

const nothing = async () => [];

/**
 * The launch, in order. Each step writes its intent to the journal, acts, and writes its result; teardown and the next
 * start after a death undo in the opposite order, through the same functions.
 */
export const launchSteps = {
  gate_started: {
    does: "starts the gate, confined",
    undoes: "ends it",
    undo: (host, paths, facts) => host.endGate(paths.dir, facts),
  },
  workspace_copied: {
    does: "copies the workspace and remembers what it was",
    undoes: "removes a copy that is not whole; a whole one stays until `caisson rm`",
    undo: (host, paths) => host.removeHalfCopy(paths.dir),
  },
  guard_prepared: {
    does: "makes the workspace guard's private files and placeholders",
    undoes: "merges back what may be, removes the placeholders",
    undo: async (host, paths, _facts, record) => {
      const { notes, leftovers } = await host.settleGuard(paths.dir);
      record.noted(notes);
      return leftovers;
    },
  },
  sandbox_started: {
    does: "makes the cgroup and the namespaces with an idle first process",
    undoes: "ends the whole process tree, removes the cgroup and the scratch folders",
    undo: async (host, paths, facts) => [
      ...(await host.reapSandbox(paths.dir, facts)),
      ...(await host.removeScratch(paths.dir)),
    ],
  },
  listener_opened: {
    does: "opens the gate's listener inside the sandbox's network",
    undoes: "nothing: it ends with the gate",
    undo: nothing,
  },
  files_provisioned: {
    does: "writes trust and the agent's files into its private home",
    undoes: "nothing: they lie in the scratch folders",
    undo: nothing,
  },
  gate_configured: {
    does: "gives the gate its policy and credentials",
    undoes: "nothing: they are in the gate's memory alone",
    undo: nothing,
  },
  ports_opened: {
    does: "has the gate listen for the published ports, and starts what connects them inside",
    undoes: "nothing: listeners end with the gate, connections with the sandbox",
    undo: nothing,
  },
  agent_started: {
    does: "starts the agent's command inside",
    undoes: "nothing: it ends with the sandbox",
    undo: nothing,
  },
} as const satisfies Readonly<Record<string, LaunchStep>>;

export type StepName = keyof typeof launchSteps;

/** All step names, in the order of the launch. */
export const stepNames = Object.keys(launchSteps) as readonly StepName[];

/** Undoes every step that the journal began and has not undone, last one first. Never throws; returns what is left, by step. */
export async function undoSteps(
  host: UndoHost,
  paths: ReturnType<typeof statePaths>,
  lines: readonly JournalLine[],
  record: UndoRecord,
): Promise<readonly string[]> {
  const leftovers: string[] = [];
  for (const name of [...stepNames].reverse()) {
    const own = lines.filter((line) => line.step === name);
    if (own.length === 0 || own.at(-1)?.phase === "undone") continue;
    const facts = Object.assign({}, ...own.map((line) => line.data)) as Facts;
    const left = await launchSteps[name]
      .undo(host, paths, facts, record)
      .catch((error: unknown) => [`${name}: ${error instanceof Error ? error.message : String(error)}`]);
    // What a full disk does not let us write down is undone once more some day, which changes nothing.
    try {
      if (left.length === 0) record.undone(name);
      else record.undoFailed(name, { leftovers: left });
    } catch {}
    leftovers.push(...left);
  }
  return leftovers;
}
