import { join } from "node:path";

import { readGitIdentity } from "../../host/read-git-identity.ts";
import type { SandboxChoice } from "../../policy/fold-sandboxes.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { Note } from "../../policy/note.ts";
import { policyText } from "../../policy/policy-text.ts";
import { resolveGitUser } from "../../policy/resolve-git-user.ts";
import { serviceImages } from "../../policy/service-images.ts";
import { wishedEngine } from "../../policy/wished-engine.ts";
import { type ImageWish, wishedImage } from "../../policy/wished-image.ts";
import { gitConfigFile } from "../../provider/git-identity.ts";
import { unreadWords } from "../../provider/project-words.ts";

import { composeLaunch, insideHome } from "../../run/compose-launch.ts";
import type { LaunchRequest } from "../../spec/keeper-protocol.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { dockerLaunch, imageAsk, imageNeedsOf, startLooking } from "./ask-docker.ts";
import { chooseEngine, type EngineChoice } from "./choose-engine.ts";
import type { FilledAgent } from "./fill-agent.ts";
import { imageTools, machineTools } from "./find-tools.ts";
import { lookForSecrets } from "./look-for-secrets.ts";
import { planAgent, planSession, sessionLaunch } from "./plan-agent.ts";
import { planRecording } from "./plan-recording.ts";
import { type ChosenAgent, readRules } from "./read-rules.ts";
import { readWords } from "./read-words.ts";
import { refuseOwnCredentials } from "./refuse-own-credentials.ts";
import { resolveRules } from "./resolve-rules.ts";
import { resolveWorkspace } from "./resolve-workspace.ts";
import type { RunInput } from "./run-options.ts";

/** All that a run will be, decided before anything starts. */
export interface RunPlan {
  readonly request: LaunchRequest;
  readonly notes: readonly Note[];
  readonly sources: Readonly<Record<string, string>>;
  /** Secrets of the workspace that the agent sees, because the person said so. */
  readonly shown: readonly string[];
  /** What the agent is told and shown beside the prompt, and where it is said. */
  readonly agent: {
    readonly from: string | undefined;
    readonly sandboxes: readonly SandboxChoice[];
    readonly skills: readonly string[];
    readonly instructions: boolean;
    readonly parameters: Readonly<Record<string, unknown>>;
  };
  readonly cliVersion: string | undefined;
  /** Why this engine, where nobody asked for it. */
  readonly engineWhy: string | undefined;
  /** Why not under the stronger runtime that the engine has. */
  readonly runtimeWhy: string | undefined;
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
  // Asked first, so that it answers while the rest is read.
  const docker = startLooking(context, options);
  const workspace = resolveWorkspace(context, options);
  refuseOwnCredentials(context, [workspace.dir]);
  const { layers, notes, sandboxes, dockerfiles, ...read } = await readRules(context, input, workspace.dir);
  const filled = await fillIn(context, input, { agent: read.agent, prompt: facts.prompt });
  const { agent } = filled;
  const image = wishedImage({ layers, agent, flag: options.image, home: context.folders.home });
  const variable = context.environment.CAISSON_ENGINE;
  const dockerFlags = (["image", "runtime"] as const).filter((name) => options[name] !== undefined);
  const wish = wishedEngine({ layers, variable, flag: options.engine, dockerFlags: dockerFlags.map((n) => `--${n}`) });
  const looking = lookForSecrets(context, workspace.dir, { layers, show: options.show });
  looking.catch(() => {}); // A bug in it is told where it is awaited.
  const chosen = await chooseEngine(wish, () =>
    docker({
      ...(image && imageAsk(context, image, { workspace: workspace.dir, isDry: options.dryRun, dockerfiles })),
      ...imageNeedsOf(agent.provider),
      services: serviceImages(layers),
      runtime: options.runtime,
      workspace,
    }),
  );
  const decided = { ...facts, ...filled, workspace, layers, notes, sandboxes, image, chosen, looking };
  return await composePlan(context, input, decided);
}

/** What was decided before the policy. */
interface Decided extends PlanFacts, FilledAgent {
  readonly workspace: ReturnType<typeof resolveWorkspace>;
  readonly layers: readonly ManifestLayer[];
  readonly notes: readonly Note[];
  readonly sandboxes: readonly SandboxChoice[];
  readonly image: ImageWish | undefined;
  readonly chosen: EngineChoice;
  readonly looking: ReturnType<typeof lookForSecrets>;
}

async function composePlan(context: CommandContext, input: RunInput, decided: Decided): Promise<RunPlan> {
  const { options } = input;
  const { workspace, layers, agent, image, chosen } = decided;
  const { provider } = agent;
  const isCommand = provider.name === "command";
  const { outputSchema } = decided;
  const isScreen = !options.session && !outputSchema && (isCommand || decided.prompt === undefined);
  const pty = terminalFor(context, input, isScreen);
  const gitConfig = readGitConfig(context, workspace.dir, layers);
  const tools = chosen.engine === "docker" ? imageTools(agent, chosen.docker.agentImage) : machineTools(context, agent);
  const agentFacts = { provider: provider.name, cliVersion: tools.version };
  const recording = await planRecording(context.cwd, options, agentFacts);
  const rules = await resolveRules(context, input, {
    layers,
    provider,
    replayOf: recording.credentials,
    ...(workspace.dir !== undefined && { workspace: workspace.dir }),
  });
  const services = rules.policy.services.map(({ name }) => name);
  if (chosen.engine === "local" && services.length > 0) throw cliFailure("services_need_docker", { services });
  const policy =
    chosen.engine === "docker" && image ? { ...rules.policy, image: chosen.docker.agentImage.reference } : rules.policy;
  refuseOwnCredentials(
    context,
    policy.mounts.map(({ source }) => source),
  );
  const model = options.model ?? agent.model;
  const signedInWith = policy.credentials.map(({ name }) => name);
  const prompt = decided.prompt;
  const accountId = await readAccountId(context, policy.credentials);
  const secrets = await decided.looking;
  const hidden = new Set(secrets.masked.map(({ path }) => join(workspace.dir ?? "", path)));
  const given = { workspace, pty, model, prompt, signedInWith, accountId, outputSchema, binary: tools.binary, hidden };
  const session = options.session ? sessionLaunch(agent, options, given) : undefined;
  const planned = session ? await planSession(agent, session, given) : await planAgent(agent, given);
  const homeFiles = rules.homeFiles.map(({ path, text }) => ({ path: `${insideHome}/${path}`, text, mode: 0o600 }));
  const gitFiles = await gitConfig;
  const wordFiles = unreadWords(provider, insideHome, readWords(workspace.dir, hidden));
  const request = composeLaunch({
    slug: decided.slug,
    agent: agent.name,
    provider: provider.name,
    label: options.label ?? agent.label,
    color: options.color ?? agent.color,
    model,
    policy,
    rules: policyText(policy),
    engine: chosen.engine,
    docker: chosen.engine === "docker" ? dockerLaunch(chosen.docker) : undefined,
    workspace,
    argv: planned.argv,
    input: planned.input,
    cliVersion: tools.version,
    environment: planned.environment,
    files: [...planned.files, ...homeFiles, ...gitFiles, ...wordFiles],
    masked: secrets.masked,
    tools,
    stdin: session || (isCommand && pty === undefined && isFed(context, options)) ? "pipe" : "none",
    session,
    keeps: provider.session?.abilities.resume ? provider.session.keeps : [],
    outputSchema,
    decode: pty === undefined && (!isCommand || context.output.json),
    pty,
    record: recording.record,
    replay: recording.replay,
    umask: process.umask(),
    now: decided.now,
  });
  return {
    request,
    agent: {
      from: agent.from,
      sandboxes: decided.sandboxes,
      skills: agent.skills.map(({ dir }) => dir),
      instructions: agent.instructions !== undefined,
      parameters: decided.parameters,
    },
    engineWhy: chosen.why,
    runtimeWhy: chosen.engine === "docker" ? chosen.docker.runtime.why : undefined,
    notes: [...recording.notes, ...decided.notes, ...agent.notes, ...rules.notes, ...secrets.notes],
    shown: secrets.shown,
    sources: {
      ...rules.sources,
      ...resolveGitUser(layers).sources,
      ...(policy.image !== undefined && image && { image: image.from }),
    },
    cliVersion: tools.version,
  };
}

/** The name and address of the rules, else the person's own, as a file of the agent's home; none when they have none. */
async function readGitConfig(
  { environment, folders }: CommandContext,
  workspace: string | undefined,
  layers: readonly ManifestLayer[],
) {
  const here = await readGitIdentity({ dir: workspace ?? folders.home, workspace }, environment);
  const file = gitConfigFile(insideHome, { ...here, ...resolveGitUser(layers).user });
  return file.text === "" ? [] : [file];
}

/** Whether a command gets our standard input. */
const isFed = ({ input }: CommandContext, { interactive }: RunInput["options"]) => interactive || !input.isTerminal;

/** Of a kept login among them, where it has one. Nothing is opened for it. */
async function readAccountId(
  { environment, folders }: CommandContext,
  credentials: LaunchRequest["policy"]["credentials"],
): Promise<string | undefined> {
  const kept = credentials.flatMap(({ source }) => ("kept" in source ? [source.kept] : []));
  if (kept.length === 0) return undefined;
  const { openKeptStore } = await import("../../host/credential/kept/kept-store.ts");
  const heads = openKeptStore({ environment, home: folders.home }).list();
  const head = heads.find(({ name }) => kept.includes(name));
  return head && "kind" in head ? head.accountId : undefined;
}

function refuseWhatIsNotHere(options: RunInput["options"]): void {
  const refuse = (what: string, instead: string) => cliFailure("not_in_this_version", { what, instead });
  if (options.engine === "podman") throw refuse("--engine podman", "caisson run --engine docker");
  if ((options.ask || options.thinking !== undefined) && !options.session)
    throw cliFailure("wrong_usage", { command: "run", problem: "--ask and --thinking are for --session" });
  if (options.budget !== undefined) throw refuse("--budget", "caisson run --timeout 30m");
}

/** Our own terminal for the agent, where the person has one and nothing else was said to it. */
function terminalFor(context: CommandContext, input: RunInput, isInteractive: boolean): LaunchRequest["pty"] {
  const size = context.terminalSize();
  if (!isInteractive || !size || !context.input.isTerminal || context.output.json || input.options.detach)
    return undefined;
  return { ...size, term: context.environment.TERM ?? "xterm-256color" };
}

/** The agent and the prompt with parameters in their places; most launches have none of it, and load nothing for it. */
async function fillIn(
  context: CommandContext,
  input: RunInput,
  given: { readonly agent: ChosenAgent; readonly prompt: string | undefined },
): Promise<FilledAgent> {
  const { param, outputSchema } = input.options;
  const { parameters, output, provider } = given.agent;
  if (param.length === 0 && outputSchema === undefined && parameters === undefined && output === undefined)
    return { ...given, parameters: {}, outputSchema: undefined };
  const isScreen = provider.name !== "command" && given.prompt === undefined;
  return (await import("./fill-agent.ts")).fillAgent(context, input, { ...given, isScreen });
}
