import { diagnoseDockerEngine } from "./diagnose-docker-engine.ts";
import { diagnoseKept } from "./diagnose-kept.ts";
import { diagnoseLocalEngine } from "./diagnose-local-engine.ts";
import { diagnoseTraps } from "./diagnose-traps.ts";
import type { DoctorRow } from "./doctor-row.ts";
import type { AgentFacts, ContainerEngineFacts, MachineFacts } from "./machine-facts.ts";
import { missingPrograms, type Purpose } from "./needed-programs.ts";

/** What `doctor` says of a machine. */
export interface Diagnosis {
  readonly isReady: boolean;
  readonly rows: readonly DoctorRow[];
  /** Circumstances, besides the rows' traps, that this machine cannot show. */
  readonly untested: readonly string[];
}

/** Judges a machine from its facts alone. */
export function diagnose(facts: MachineFacts, purpose: Purpose): Diagnosis {
  const rows: readonly DoctorRow[] = [
    { name: "local", isNeeded: true, ...diagnoseLocalEngine(facts) },
    ...diagnoseDockerEngine(facts),
    containerEngineRow("podman", facts.containerEngines.podman),
    ...diagnoseTraps(facts),
    nodeRow(facts),
    programRow(facts, "git"),
    ...testToolsRow(facts, purpose),
    stateRow(facts),
    ...diagnoseKept(facts),
    ...facts.agents.map(agentRow),
  ];
  const isReady = rows.every((row) => !row.isNeeded || row.state === "ready" || row.state === "found");
  return { isReady, rows, untested: listUntested(facts) };
}

function containerEngineRow(name: string, engine: ContainerEngineFacts): DoctorRow {
  const seen =
    engine.client === undefined
      ? "no client found"
      : `client ${engine.client.version ?? "found"}, ${engine.answers ? "the engine answers" : `the engine does not answer at ${engine.at}`}`;
  return { name, state: "not in this version", detail: `${seen} · use --engine local`, isNeeded: false };
}

function nodeRow(facts: MachineFacts): DoctorRow {
  const isNew = Number(facts.node.version.split(".")[0]) >= 24;
  const row = { name: "node", detail: facts.node.version, isNeeded: true };
  return isNew
    ? { ...row, state: "ready" }
    : { ...row, state: "not ready", detail: `${facts.node.version}, needs 24`, hint: "npm ci   (brings one)" };
}

function programRow(facts: MachineFacts, name: string): DoctorRow {
  const program = facts.programs[name];
  if (program === undefined) {
    return { name, state: "not ready", detail: "not found", hint: "caisson doctor --fix", isNeeded: true };
  }
  return { name, state: "ready", detail: program.version ?? program.path, isNeeded: true };
}

function testToolsRow(facts: MachineFacts, purpose: Purpose): readonly DoctorRow[] {
  if (purpose !== "tests") return [];
  const missing = missingPrograms(facts, "tests").filter(({ program }) => program !== "bwrap" && program !== "git");
  const row = { name: "tests", isNeeded: true };
  if (missing.length === 0) return [{ ...row, state: "ready", detail: "all that the tests need is here" }];
  const detail = `missing: ${missing.map(({ program }) => program).join(", ")}`;
  return [{ ...row, state: "not ready", detail, hint: "caisson doctor --fix --for tests" }];
}

function stateRow(facts: MachineFacts): DoctorRow {
  const { path, isWritable } = facts.stateFolder;
  if (isWritable) return { name: "state", state: "ready", detail: path, isNeeded: true };
  const hint = "export XDG_STATE_HOME=FOLDER   (one that you may write to)";
  return { name: "state", state: "not ready", detail: `${path} cannot be written`, hint, isNeeded: true };
}

function agentRow(agent: AgentFacts): DoctorRow {
  const set = agent.credentials.filter(({ present }) => present).map(({ variable }) => variable);
  const all = agent.credentials.map(({ variable }) => variable);
  const kept = agent.kept ?? [];
  const credential =
    set.length > 0
      ? `credential: ${set.join(", ")} ${set.length === 1 ? "is" : "are"} set`
      : kept.length > 0
        ? `credential: ${kept.join(", ")} ${kept.length === 1 ? "is" : "are"} kept`
        : `no credential (${all.join(" or ")})`;
  if (agent.program === undefined) {
    return { name: agent.name, state: "not found", detail: credential, isNeeded: false };
  }
  const where = `${agent.program.version ?? ""} ${agent.program.path}`.trim();
  const detail = all.length === 0 ? where : `${where} · ${credential}`;
  return { name: agent.name, state: "found", detail, isNeeded: false };
}

function listUntested(facts: MachineFacts): readonly string[] {
  const circumstances: readonly (readonly [boolean, string])[] = [
    [facts.platform === "linux", "Linux"],
    [facts.cgroups.memory === "v1", "limits by cgroup v1"],
    [facts.cgroups.memory === "v2", "limits by cgroup v2"],
    [facts.cgroups.memory === undefined, "limits without a cgroup"],
    [facts.cgroups.memory === "v2" && facts.scope.kind === "entered", "limits in a systemd scope"],
    [facts.isRoot, "use by root"],
    [!facts.isRoot, "use by an ordinary user"],
    [facts.arch === "x64", "x64"],
    [facts.arch === "arm64", "arm64"],
  ];
  return circumstances.filter(([isHere]) => !isHere).map(([, circumstance]) => circumstance);
}
