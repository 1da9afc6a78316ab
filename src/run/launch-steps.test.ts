import { describe, expect, it } from "vitest";
import { statePaths } from "../sandbox/state-paths.ts";
import type { JournalLine } from "../spec/state-files.ts";
import { stepNames, type UndoHost, undoSteps } from "./launch-steps.ts";

const paths = statePaths("/state", "a");
const line = (step: string, phase: JournalLine["phase"], data = {}): JournalLine => ({
  ts: "2026-01-01T00:00:00Z",
  step,
  phase,
  data,
});

function recordingHost(failing: readonly string[] = []) {
  const calls: string[] = [];
  const call = async (name: string) => {
    calls.push(name);
    if (failing.includes(name)) throw new Error(`${name} broke`);
    return [];
  };
  const host: UndoHost = {
    reapSandbox: () => call("reap"),
    endGate: (_dir, facts) => call(`end ${facts.pid}`),
    settleGuard: async () => {
      await call("guard");
      return { notes: [], leftovers: [] };
    },
    removeHalfCopy: () => call("half copy"),
    removeScratch: () => call("scratch"),
    removeFile: () => {},
  };
  const phases: string[] = [];
  const record = {
    noted: () => {},
    undone: (step: string) => void phases.push(`${step} undone`),
    undoFailed: (step: string) => void phases.push(`${step} failed`),
  };
  return { host, calls, phases, record };
}

describe("undoSteps()", () => {
  it("undoes what was begun, last first, whether it was done or not", async () => {
    const { host, calls, record } = recordingHost();
    const gate = { pid: 7, startTicks: "1", bootId: "b" };
    const lines = [
      line("gate_started", "intent"),
      line("guard_prepared", "intent"),
      line("gate_started", "result", gate),
      line("sandbox_started", "intent"),
    ];
    expect(await undoSteps(host, paths, lines, record)).toEqual([]);
    expect(calls).toEqual(["reap", "scratch", "guard", "end 7"]);
  });

  it("leaves alone what was never begun or is undone already", async () => {
    const { host, calls, record } = recordingHost();
    const lines = [
      line("guard_prepared", "intent"),
      line("guard_prepared", "result"),
      line("guard_prepared", "undone"),
    ];
    await undoSteps(host, paths, lines, record);
    expect(calls).toEqual([]);
  });

  it("goes on after a failure, lists it, and undoes that step again the next time", async () => {
    const first = recordingHost(["reap"]);
    const lines = stepNames.map((name) => line(name, "intent"));
    expect(await undoSteps(first.host, paths, lines, first.record)).toEqual(["sandbox_started: reap broke"]);
    expect(first.phases).toContain("guard_prepared undone");
    const again = [
      ...lines,
      ...first.phases.map((text) => line(text.split(" ")[0] ?? "", text.endsWith("failed") ? "undo_failed" : "undone")),
    ];
    const second = recordingHost();
    expect(await undoSteps(second.host, paths, again, second.record)).toEqual([]);
    expect(second.calls).toEqual(["reap", "scratch"]);
  });
});
