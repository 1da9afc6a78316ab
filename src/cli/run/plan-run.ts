import { createHash, randomBytes } from "node:crypto";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { findAgentCli } from "../../host/find-agent-cli.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import { loadManifests } from "../../policy/load-manifests.ts";
import type { Note } from "../../policy/note.ts";
import { policyHash } from "../../policy/policy-hash.ts";
import { resolvePolicy } from "../../policy/resolve-policy.ts";
import { chooseCredential } from "../../provider/choose-credential.ts";
import type { Provider } from "../../provider/provider.ts";
import { providers } from "../../provider/providers.ts";
import { composeLaunch, insideHome } from "../../run/compose-launch.ts";
import type { LaunchRequest } from "../../spec/keeper-protocol.ts";
import type { RunInput } from "../commands/run.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { headLines } from "./announce-run.ts";
import { describePlan } from "./describe-plan.ts";

/** All that a run will be, decided before anything starts. */
export interface RunPlan {
  readonly request: LaunchRequest;
  readonly notes: readonly Note[];
  readonly sources: Readonly<Record<string, string>>;
  readonly cliVersion: string | undefined;
  /** For `--dry-run --json`: the whole plan, with credentials by name only. */
  describe(): object;
  lines(): readonly string[];
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

/** Resolves a command line into a plan. Every expected mistake fails here, before anything was started. */
export async function planRun(
  context: CommandContext,
  input: RunInput,
  given: { readonly slug: string; readonly prompt: string | undefined; readonly now: Date },
): Promise<RunPlan> {
  const { options } = input;
  refuseWhatIsNotHere(options);
  const workspace = resolveWorkspace(context, options);
  const home = context.folders.home;
  const loaded = await loadManifests(readText, {
    home,
    personal: join(context.folders.config, "caisson.yaml"),
    ...(workspace.dir !== undefined && { workspace: join(workspace.dir, "caisson.yaml") }),
    ...(options.manifest !== undefined && { given: resolve(context.cwd, options.manifest) }),
  });
  const agent = await chooseAgent(input, loaded.layers, home);
  const { provider } = agent;
  const isInteractive = provider.name !== "command" && given.prompt === undefined;
  const terminal = interactiveTerminal(context, { isInteractive, input, provider });
  const found = findAgentCli(provider.name === "command" ? [agent.command?.[0] ?? ""] : provider.binaries, {
    environment: context.environment,
    home,
    cwd: workspace.dir ?? context.cwd,
  });
  const credential = chooseCredential(provider, context.environment, { isReplay: options.replay !== undefined });
  const { resolved, notes } = await resolveRules(context, input, { layers: loaded.layers, provider, credential });
  const model = options.model ?? agent.model;
  const planned = provider.plan({
    interactive: isInteractive,
    home: insideHome,
    workdir: workspace.dir ?? insideHome,
    binary: found.binary,
    skills: agent.skills.length === 0 ? [] : (await import("../../host/read-skills.ts")).readSkills(agent.skills),
    ...(given.prompt !== undefined && { prompt: given.prompt }),
    ...(agent.instructions !== undefined && { instructions: agent.instructions }),
    ...(model !== undefined && { model }),
    ...(agent.command && { argv: agent.command }),
  });
  const { gitIdentityFiles } = await import("../../host/read-git-identity.ts");
  const isPiped = provider.name === "command" && (options.interactive || !context.input.isTerminal) && !terminal;
  const request = composeLaunch({
    slug: given.slug,
    agent: agent.name,
    provider: provider.name,
    label: options.label,
    model,
    policy: resolved.policy,
    policyHash: policyHash(resolved.policy, (text) => createHash("sha256").update(text).digest("hex")),
    workspace,
    argv: planned.argv,
    environment: planned.environment,
    files: [...planned.files, ...gitIdentityFiles(context.environment, home, insideHome), ...resolved.homeFiles.map(({ path, text }) => ({ path: `${insideHome}/${path}`, text, mode: 0o600 }))],
    tools: found.tools,
    prompt: given.prompt,
    stdin: isPiped ? "pipe" : "none",
    decode: terminal === undefined && (provider.name !== "command" || context.output.json),
    pty: terminal,
    record: options.record === undefined ? undefined : resolve(context.cwd, options.record),
    replay: options.replay === undefined ? undefined : resolve(context.cwd, options.replay),
    now: given.now,
  });
  const plan = { request, notes: [...loaded.notes, ...agent.notes, ...notes], sources: resolved.sources, cliVersion: found.version };
  return { ...plan, describe: () => describePlan(plan), lines: () => headLines(this_(plan)) };
}
