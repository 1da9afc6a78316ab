import { join } from "node:path";
import { lookForDocker } from "../../host/docker/look-for-docker.ts";
import { readGitIdentity } from "../../host/read-git-identity.ts";
import { readWithin } from "../../host/read-within.ts";
import type { SandboxChoice } from "../../policy/fold-sandboxes.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { Note } from "../../policy/note.ts";
import { policyText } from "../../policy/policy-text.ts";
import { resolveGitUser } from "../../policy/resolve-git-user.ts";
import { serviceImages } from "../../policy/service-images.ts";
import { wishedEngine } from "../../policy/wished-engine.ts";
import { type ImageWish, wishedImage } from "../../policy/wished-image.ts";
import { providerFailure } from "../../provider/errors.ts";
import { gitConfigFile } from "../../provider/git-identity.ts";
import { type ProjectWords, projectWordFiles, unreadWords } from "../../provider/project-words.ts";
import type { Provider, ProviderPlan } from "../../provider/provider.ts";
import { composeLaunch, insideHome } from "../../run/compose-launch.ts";
import { sessionRequest } from "../../run/session-request.ts";
import type { LaunchRequest, SessionLaunch } from "../../spec/keeper-protocol.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { chooseEngine, type DockerChoice, type DockerOffer, type EngineChoice } from "./choose-engine.ts";
import type { FilledAgent } from "./fill-agent.ts";
import { imageTools, machineTools } from "./find-tools.ts";
import { lookForSecrets } from "./look-for-secrets.ts";
import type { DockerAsk } from "./offer-docker.ts";
import type { OwnDockerfile } from "./own-image.ts";
import { planRecording } from "./plan-recording.ts";
import { type ChosenAgent, readRules } from "./read-rules.ts";
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

const insistedMs = 10_000;

/** Asks early whether docker is there; what it has for the run is asked when that is known. */
function startLooking({ environment }: CommandContext, { engine, image, runtime }: RunInput["options"]) {
  const named = engine ?? (image === undefined && runtime === undefined ? environment.CAISSON_ENGINE : "docker");
  // A person who asked for docker rather waits for a busy engine than be told that there is none.
  const look = () => (named === "docker" ? lookForDocker(environment, insistedMs) : lookForDocker(environment));
  const presence = named === "local" ? undefined : look();
  presence?.catch(() => {}); // A bug in it is told where it is awaited.
  return async (ask: Omit<DockerAsk, "person">): Promise<DockerOffer> => {
    const found = await (presence ?? look());
    if (!found.answers) return { isReady: false, reason: found.reason, failure: found.failure };
    // Loaded only where an engine answered: its client library is the largest thing that a start could load.
    const { offerDocker } = await import("./offer-docker.ts");
    const person = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    return offerDocker(found.endpoint, { ...ask, person });
  };
}

/** What is asked of the engine for a wish: an image by its name, or a build. */
function imageAsk(
  context: CommandContext,
  wish: ImageWish,
  given: Omit<OwnDockerfile, "path" | "digest"> & { readonly dockerfiles: ReadonlyMap<string, string> },
) {
  if ("image" in wish) return { image: wish.image };
  const buildOwn: DockerAsk["buildOwn"] = async (docker) =>
    (await import("./own-image.ts")).ownImage(context, docker, {
      path: wish.dockerfile,
      digest: given.dockerfiles.get(wish.dockerfile),
      ...given,
    });
  return { buildOwn };
}

/** Our image for a provider, and what another one in its place has to have. */
const imageNeedsOf = ({ name, binaries }: Provider) =>
  binaries.length === 0
    ? { target: "base", programs: [] }
    : { target: name, programs: [...binaries.slice(0, 1), "git"] };

function dockerLaunch({ address, agentImage, gateImage, user, runtime: { runtime }, ...choice }: DockerChoice) {
  const named = ({ reference, id }: DockerChoice["agentImage"]) => ({ reference, id });
  const images = {
    agentImage: named(agentImage),
    gateImage: named(gateImage),
    serviceImages: Object.fromEntries(
      Object.entries(choice.serviceImages).map(([name, image]) => [name, named(image)]),
    ),
  };
  return { address, launch: { ...images, user, ...(runtime !== undefined && { runtime }) } };
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

/** What the agent's CLI is started with, beside who it is. */
interface AgentFacts {
  readonly workspace: { readonly dir?: string };
  readonly pty: LaunchRequest["pty"];
  readonly model: string | undefined;
  readonly prompt: string | undefined;
  readonly outputSchema: FilledAgent["outputSchema"];
  readonly signedInWith: readonly string[];
  readonly accountId: string | undefined;
  readonly binary: string;
  /** Real paths of the masked files: not handed over in another way either. */
  readonly hidden: ReadonlySet<string>;
}

/** What the keeper makes the codec from. Throws where the agent holds no conversation. */
function sessionLaunch(agent: ChosenAgent, options: RunInput["options"], given: AgentFacts): SessionLaunch {
  const { session } = agent.provider;
  if (!session)
    throw providerFailure("session_unsupported", { agent: agent.name, what: "be held a conversation with" });
  if (options.ask && !session.abilities.answer)
    throw providerFailure("session_unsupported", { agent: agent.name, what: "ask before it uses a tool" });
  return {
    asks: options.ask,
    binary: given.binary,
    signedInWith: [...given.signedInWith],
    ...(options.thinking !== undefined && { thinking: options.thinking }),
    ...(agent.instructions !== undefined && { instructions: agent.instructions }),
    ...(given.model !== undefined && { model: given.model }),
    ...(agent.command && { argv: [...agent.command] }),
    ...(given.prompt !== undefined && { prompt: given.prompt }),
  };
}

async function planSession(
  agent: ChosenAgent,
  launch: SessionLaunch,
  { workspace, accountId, hidden }: AgentFacts,
): Promise<ProviderPlan> {
  const { session } = agent.provider;
  if (!session) throw new Error(`${agent.name} has no session`);
  const workdir = workspace.dir ?? insideHome;
  const request = sessionRequest(launch, { home: insideHome, workdir, skills: await readSkills(agent.skills, hidden) });
  return session.plan({ ...request, ...(accountId !== undefined && { accountId }) });
}

async function planAgent(agent: ChosenAgent, given: AgentFacts): Promise<ProviderPlan> {
  const { workspace, pty, model, prompt, signedInWith, accountId, binary, hidden } = given;
  return agent.provider.plan({
    interactive: pty !== undefined && agent.provider.name !== "command",
    home: insideHome,
    workdir: workspace.dir ?? insideHome,
    binary,
    signedInWith,
    skills: await readSkills(agent.skills, hidden),
    ...(accountId !== undefined && { accountId }),
    ...(prompt !== undefined && { prompt }),
    ...(agent.instructions !== undefined && { instructions: agent.instructions }),
    ...(model !== undefined && { model }),
    ...(agent.command && { argv: agent.command }),
    ...(given.outputSchema && agent.provider.output === "native" && { outputSchema: given.outputSchema }),
  });
}

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

async function readSkills(skills: ChosenAgent["skills"], hidden: ReadonlySet<string>) {
  if (skills.length === 0) return [];
  const { readSkill } = await import("../../host/skill/read-skill.ts");
  return skills.map((skill) => readSkill({ ...skill, hidden }));
}

/** Longest AGENTS.md or CLAUDE.md that is handed over. */
const wordBytes = 256 * 1024;

function readWords(workspace: string | undefined, hidden: ReadonlySet<string>): ProjectWords {
  if (workspace === undefined) return {};
  const read = (name: string) => readWithin(workspace, join(workspace, name), wordBytes, hidden);
  return Object.fromEntries(projectWordFiles.flatMap((name) => [[name, read(name)]]));
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
