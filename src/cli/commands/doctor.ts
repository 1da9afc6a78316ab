import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Diagnosis, diagnose } from "../../host/doctor/diagnose.ts";
import { installPackages } from "../../host/doctor/install-packages.ts";
import type { MachineFacts } from "../../host/doctor/machine-facts.ts";
import type { Purpose } from "../../host/doctor/needed-programs.ts";
import { planEngineStart, type StartPlan } from "../../host/doctor/plan-engine-start.ts";
import { type InstallPlan, planInstallation } from "../../host/doctor/plan-installation.ts";
import { readMachineFacts } from "../../host/doctor/read-machine-facts.ts";
import { startEngine } from "../../host/doctor/start-engine.ts";
import { findAgentCli } from "../../host/find-agent-cli.ts";
import { providers } from "../../provider/providers.ts";
import { defineCommand } from "../frame/command.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { confirm } from "../frame/confirm.ts";
import { choice, flag } from "../frame/option.ts";
import { alignColumns } from "../output/align-columns.ts";

const notReady = 4;

/** `caisson doctor`. */
export const doctorCommand = defineCommand({
  arguments: [],
  options: {
    fix: flag("--fix", "install what is missing; on a terminal it asks first"),
    purpose: choice("--for <purpose>", "make ready for: run (the default), or tests", ["run", "tests"]),
    engine: choice("--engine <engine>", "exit 0 only if this engine is ready", ["local", "docker", "podman"]),
    yes: flag("-y, --yes", "do not ask"),
  },
  examples: [
    { line: "caisson doctor", does: "says what is ready on this machine, what is not, and what to type" },
    { line: "caisson doctor --fix --engine docker", does: "installs a docker engine and starts it, where it may" },
    { line: "caisson doctor --fix", does: "installs what is missing, where it may" },
  ],
  exits: { 4: "not ready: a row says why and what to type" },
  notes: [
    "A trial sandbox is really started; agents are asked for their versions. Credentials are shown by name only.",
  ],
  run: async (context, { options }) => {
    const purpose = options.purpose ?? "run";
    let facts = await lookAround(context);
    if (options.fix) {
      const { isTerminal } = context.input;
      const plan = planInstallation(facts, purpose, { hasTerminal: isTerminal, engine: options.engine });
      if (await mend(context, plan, options.yes)) facts = await lookAround(context);
      if (options.engine === "docker") {
        const start = planEngineStart(facts, isTerminal);
        if (await mendEngine(context, start, options.yes)) facts = await lookAround(context);
      }
    }
    const diagnosis = diagnose(facts, purpose);
    const isReady = diagnosis.isReady && isEngineReady(diagnosis, options.engine ?? "local");
    show(context, diagnosis, { facts, purpose, isReady });
    return isReady ? 0 : notReady;
  },
});

function lookAround({ environment, folders }: CommandContext): Promise<MachineFacts> {
  const agents = Object.values(providers)
    // These two are nothing without a command.
    .filter(({ name }) => name !== "command" && name !== "acp")
    .map(({ name, binaries, versionArgs, credentials }) => ({
      name,
      binary: findAgentCli(binaries, { environment, home: folders.home })?.binary,
      versionArgs,
      variables: credentials.map(({ variable }) => variable),
      names: credentials.map((credential) => credential.name),
    }));
  return readMachineFacts({ environment, home: folders.home, stateFolder: folders.state, agents });
}

function isEngineReady(diagnosis: Diagnosis, engine: string): boolean {
  return diagnosis.rows.some((row) => row.name === engine && row.state === "ready");
}

/** Installs what the plan says, if a person there agrees; whether anything was tried. */
async function mend(context: CommandContext, plan: InstallPlan, isAgreed: boolean): Promise<boolean> {
  const { output } = context;
  switch (plan.kind) {
    case "nothing":
      output.note("nothing to install");
      return false;
    case "print":
      output.note(`missing: ${plan.packages.join(", ")}. To install:`);
      output.note(`  ${plan.commandLine}`);
      return false;
    case "install":
    case "ask": {
      output.note(`will install with apt: ${plan.packages.join(", ")}`);
      const mustAsk = context.input.isTerminal && !isAgreed && !output.json;
      if (mustAsk && !(await confirm(context, "install now?"))) return false;
      const problem = await installPackages(plan.commands, { environment: context.environment, tell: output.note });
      if (problem !== undefined) output.note(`could not install: ${problem}`);
      return true;
    }
  }
}

/** Starts the docker engine as the plan says, if a person there agrees; whether anything was tried. */
async function mendEngine(context: CommandContext, plan: StartPlan, isAgreed: boolean): Promise<boolean> {
  const { output, environment, folders } = context;
  if (plan.kind === "nothing") return false;
  if (plan.kind === "print") {
    output.note(`the docker engine does not run. To start it:  ${plan.commandLine}`);
    return false;
  }
  output.note(`will start the docker engine: ${plan.argv.join(" ")}`);
  const mustAsk = context.input.isTerminal && !isAgreed && !output.json;
  if (mustAsk && !(await confirm(context, "start it now?"))) return false;
  mkdirSync(folders.state, { recursive: true, mode: 0o700 });
  const problem = await startEngine(plan, { environment, logFile: join(folders.state, "dockerd.log") });
  if (problem !== undefined) output.note(`could not start it: ${problem}`);
  return true;
}

function show(
  { output }: CommandContext,
  diagnosis: Diagnosis,
  { facts, purpose, isReady }: { facts: MachineFacts; purpose: Purpose; isReady: boolean },
): void {
  const { style } = output;
  const { platform, arch, kernel, distribution } = facts;
  const machine = { platform, arch, kernel, distribution: distribution.name };
  output.show({ ready: isReady, for: purpose, machine, rows: diagnosis.rows, untested: diagnosis.untested }, () => {
    const names = diagnosis.rows.map((row) => row.name);
    const width = Math.max(...names.map((name) => name.length));
    const isGood = (state: string) => state === "ready" || state === "found";
    const lines = alignColumns(diagnosis.rows.map(({ name, state, detail }) => [name, state, detail]));
    const rows = diagnosis.rows.flatMap((row, index) => {
      const line = `  ${lines[index] ?? ""}`;
      const paint = isGood(row.state) ? style.good : row.isNeeded ? style.bad : style.dim;
      const painted = line.replace(row.state, paint(row.state));
      return row.hint === undefined ? [painted] : [painted, `  ${" ".repeat(width)}  hint: ${row.hint}`];
    });
    const untested = `  not tested on this machine: ${diagnosis.untested.join(", ")}`;
    return [...rows, "", style.dim(untested), isReady ? "ready" : "not ready"];
  });
}
