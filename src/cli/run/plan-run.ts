import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { findAgentCli } from "../../host/find-agent-cli.ts";
import { readGitIdentity } from "../../host/read-git-identity.ts";
import { loadManifests } from "../../policy/load-manifests.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { Note } from "../../policy/note.ts";
import { policyHash } from "../../policy/policy-hash.ts";
import { resolveAgent } from "../../policy/resolve-agent.ts";
import { gitConfigFile } from "../../provider/git-identity.ts";
import type { Provider } from "../../provider/provider.ts";
import { providers } from "../../provider/providers.ts";
import { composeLaunch, insideHome } from "../../run/compose-launch.ts";
import type { LaunchRequest } from "../../spec/keeper-protocol.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { planRecording } from "./plan-recording.ts";
import { resolveRules } from "./resolve-rules.ts";
import { resolveWorkspace } from "./resolve-workspace.ts";
import type { RunInput } from "./run-options.ts";

/** All that a run will be, decided before anything starts. */
export interface RunPlan {
  readonly request: LaunchRequest;
  readonly notes: readonly Note[];
  readonly sources: Readonly<Record<string, string>>;
  readonly cliVersion: string | undefined;
}

/** The agent that a command line names: a provider and what it is told. */
interface ChosenAgent {
  readonly name: string;
  readonly provider: Provider;
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly skills: readonly { readonly dir: string; readonly within: string }[];
  readonly notes: readonly Note[];
}

/** What is known beside the command line. */
interface PlanFacts {
  readonly slug: string;
  readonly prompt: string | undefined;
  readonly now: Date;
}

/** Resolves a command line into a plan. Every expected mistake fails here, before anything was started. */
export async function planRun(context: CommandContext, input: RunInput, facts: PlanFacts): Promise<RunPlan> {
  const { options } = input;
  refuseWhatIsNotHere(options);
  const { home, config } = context.folders;
  const workspace = resolveWorkspace(context, options);
  const { layers, notes } = await loadManifests(readText, {
    home,
    personal: join(config, "caisson.yaml"),
    ...(workspace.dir !== undefined && { workspace: join(workspace.dir, "caisson.yaml") }),
    ...(options.manifest !== undefined && { given: resolve(context.cwd, options.manifest) }),
  });
  const agent = chooseAgent(input, layers, home);
  const { provider } = agent;
  const isCommand = provider.name === "command";
  const pty = terminalFor(context, input, isCommand || facts.prompt === undefined);
  const identity = readGitIdentity({ dir: workspace.dir ?? home, workspace: workspace.dir }, context.environment);
  const found = findAgentCli(isCommand ? [agent.command?.[0] ?? ""] : provider.binaries, {
    environment: context.environment,
    home,
  });
  if (!found && !isCommand)
    throw cliFailure("agent_cli_missing", {
      agent: provider.name,
      binaries: provider.binaries,
      install: provider.install,
    });
  const recording = await planRecording(context.cwd, options, { provider: provider.name, cliVersion: found?.version });
  const rules = await resolveRules(context, input, {
    layers,
    provider,
    replayOf: recording.credentials,
    ...(workspace.dir !== undefined && { workspace: workspace.dir }),
  });
  const model = options.model ?? agent.model;
  const planned = provider.plan({
    interactive: pty !== undefined && !isCommand,
    home: insideHome,
    workdir: workspace.dir ?? insideHome,
    binary: found?.binary ?? "",
    skills: await readSkills(agent.skills),
    ...(facts.prompt !== undefined && { prompt: facts.prompt }),
    ...(agent.instructions !== undefined && { instructions: agent.instructions }),
    ...(model !== undefined && { model }),
    ...(agent.command && { argv: agent.command }),
  });
  const gitConfig = gitConfigFile(insideHome, await identity);
  const homeFiles = rules.homeFiles.map(({ path, text }) => ({ path: `${insideHome}/${path}`, text, mode: 0o600 }));
  const request = composeLaunch({
    slug: facts.slug,
    agent: agent.name,
    provider: provider.name,
    label: options.label,
    model,
    policy: rules.policy,
    policyHash: policyHash(rules.policy, (text) => createHash("sha256").update(text).digest("hex")),
    workspace,
    argv: planned.argv,
    input: planned.input,
    cliVersion: found?.version,
    environment: planned.environment,
    files: [...planned.files, ...homeFiles, ...(gitConfig.text === "" ? [] : [gitConfig])],
    tools: found?.tools ?? { dirs: [], path: [] },
    stdin: isCommand && pty === undefined && (options.interactive || !context.input.isTerminal) ? "pipe" : "none",
    decode: pty === undefined && (!isCommand || context.output.json),
    pty,
    record: recording.record,
    replay: recording.replay,
    umask: process.umask(),
    now: facts.now,
  });
  return {
    request,
    notes: [...recording.notes, ...notes, ...agent.notes, ...rules.notes],
    sources: rules.sources,
    cliVersion: found?.version,
  };
}

function refuseWhatIsNotHere(options: RunInput["options"]): void {
  const refuse = (what: string, instead: string) => cliFailure("not_in_this_version", { what, instead });
  if (options.engine === "docker" || options.engine === "podman")
    throw refuse(`--engine ${options.engine}`, "caisson run --engine local");
  if (options.image !== undefined) throw refuse("--image", "the local engine uses this machine's own tools");
  if (options.publish.length > 0) throw refuse("--publish", "caisson exec SLUG -- curl localhost:PORT");
  if (options.budget !== undefined) throw refuse("--budget", "caisson run --timeout 30m");
}

function chooseAgent(input: RunInput, layers: readonly ManifestLayer[], home: string): ChosenAgent {
  const [name] = input.arguments;
  if (input.command) {
    if (name !== undefined)
      throw cliFailure("wrong_usage", { command: "run", problem: "give an agent or `-- COMMAND`, not both" });
    if (input.command.length === 0)
      throw cliFailure("wrong_usage", { command: "run", problem: "nothing stands behind --" });
    return { name: "command", provider: providerNamed("command"), command: input.command, skills: [], notes: [] };
  }
  if (name === undefined)
    throw cliFailure("wrong_usage", { command: "run", problem: "say which agent, or `-- COMMAND`" });
  const agent = resolveAgent(name, { layers, home, providers: Object.keys(providers) });
  return { ...agent, provider: providerNamed(agent.provider) };
}

function providerNamed(name: string): Provider {
  const provider = providers[name];
  if (!provider)
    throw cliFailure("wrong_value", {
      command: "run",
      option: "provider",
      value: name,
      expected: Object.keys(providers).join(", "),
    });
  return provider;
}

/** Our own terminal for the agent, where the person has one and nothing else was said to it. */
function terminalFor(context: CommandContext, input: RunInput, isInteractive: boolean): LaunchRequest["pty"] {
  const size = context.terminalSize();
  if (!isInteractive || !size || !context.input.isTerminal || context.output.json || input.options.detach)
    return undefined;
  return { ...size, term: context.environment.TERM ?? "xterm-256color" };
}

async function readSkills(skills: ChosenAgent["skills"]) {
  if (skills.length === 0) return [];
  const { readSkill } = await import("../../host/skill/read-skill.ts");
  return skills.map(readSkill);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
