import { existsSync } from "node:fs";
import { join } from "node:path";
import { startArguments } from "../../host/entry-point.ts";
import { randomBytes } from "../../host/random-bytes.ts";
import { providers } from "../../provider/providers.ts";
import { runFailure } from "../../run/errors.ts";
import { connectKeeper } from "../../run/keeper-client.ts";
import { findSandbox, type ListedSandbox } from "../../run/list-sandboxes.ts";
import { planResume, type ResumePlan, wasOnScreen } from "../../run/plan-resume.ts";
import { readEvents } from "../../run/read-events.ts";
import { settleSandbox } from "../../run/settle.ts";
import { spawnKeeper } from "../../run/start-keeper.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import { readBaseline } from "../../sandbox/workspace/copy/baseline.ts";
import type { RunEvent } from "../../spec/events.ts";
import type { LaunchRequest } from "../../spec/keeper-protocol.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { readManifests } from "../read-manifests.ts";
import { followRun } from "../run/follow-run.ts";
import { lookForSecrets } from "../run/look-for-secrets.ts";
import { waitUntilRunning } from "../run/wait-until-running.ts";
import { settleHost } from "../settle-host.ts";
import { followSession } from "./follow-session.ts";

/** What `caisson resume` was given. */
export interface ResumeInput {
  readonly arguments: readonly string[];
  readonly options: { readonly detach: boolean; readonly ask: boolean; readonly show: readonly string[] };
}

/** Does `caisson resume`: settles what is left of the launch before, launches anew, and follows. Returns the exit code. */
export async function resumeSealed(context: CommandContext, input: ResumeInput): Promise<number> {
  const { folders, output, environment } = context;
  const { options } = input;
  const [name = "", prompt] = input.arguments;
  const found = findSandbox(folders.state, name);
  const { slug } = found.metadata;
  const paths = statePaths(folders.state, slug);
  const { plan, request, events } = await prepareResume(context, found, {
    prompt,
    ...options,
    ...screenFor(context, input, paths),
  });
  const keeper = spawnKeeper({ command: process.execPath, args: startArguments("keeper") }, environment);
  await keeper.launch(request);
  announce(context, plan);
  const client = await connectKeeper(paths.socket);
  using connection = client;
  if (options.detach) {
    if (connection) await waitUntilRunning(connection, slug, events.at(-1)?.seq);
    output.show({ slug }, () => [slug]);
    return 0;
  }
  if (!request.session) return await followRun(context, connection, { ...request, isOurs: true });
  return await followSession(context, connection, { ...request, isOurs: true, fromSeq: events.at(-1)?.seq ?? 0 });
}

/** The next launch of a sandbox that has ended, ready to be handed to a keeper. Throws what keeps it from going on. */
export async function prepareResume(
  context: CommandContext,
  found: ListedSandbox,
  wish: {
    readonly prompt?: string | undefined;
    readonly ask: boolean;
    readonly show: readonly string[];
    readonly pty?: LaunchRequest["pty"];
    /** It ends when nobody is attached to it any more. */
    readonly owned?: boolean;
  },
): Promise<{ readonly plan: ResumePlan; readonly request: LaunchRequest; readonly events: readonly RunEvent[] }> {
  const paths = statePaths(context.folders.state, found.metadata.slug);
  await settleBefore(context, found);
  const events = readEvents(paths.events);
  const plan = planResume({
    paths,
    provider: providerOf(found),
    events,
    prompt: wish.prompt,
    ...(wish.ask && { asks: true }),
    ...(wish.pty && { pty: wish.pty }),
    now: new Date(),
    unique: () => randomBytes(16).toString("hex"),
    copied: readBaseline(paths.dir) !== undefined,
  });
  const masked = await withMasks(context, plan.request, wish.show);
  const session = masked.session && { session: { ...masked.session, owned: wish.owned ?? false } };
  return { plan, request: { ...masked, ...session }, events };
}

/** Puts right what a killed keeper left. One that runs, or that somebody else is at, is left alone. */
async function settleBefore(context: CommandContext, { metadata, state, unsettled }: ListedSandbox): Promise<void> {
  const { slug } = metadata;
  if (state === "running") throw runFailure("resume_busy", { slug, state: "running" });
  if (!unsettled && state === "ended") return;
  const { settled, leftovers } = await settleSandbox(settleHost(context), slug);
  if (!settled) throw runFailure("resume_busy", { slug, state: "being resumed or settled by somebody else" });
  if (leftovers.length > 0) throw runFailure("undo_failed", { slug, steps: leftovers });
}

function providerOf({ metadata }: ListedSandbox) {
  const provider = providers[metadata.provider];
  if (!provider)
    throw runFailure("resume_none", { slug: metadata.slug, why: `there is no provider ${metadata.provider}` });
  return provider;
}

/** The agent's own screen goes on where it was on one, on a terminal; a prompt makes it a session. */
function screenFor(
  context: CommandContext,
  { arguments: [, prompt], options }: ResumeInput,
  paths: ReturnType<typeof statePaths>,
) {
  const size = context.terminalSize();
  const isWanted = prompt === undefined && !options.detach && !options.ask && !context.output.json;
  if (!isWanted || !size || !context.input.isTerminal || !wasOnScreen(paths)) return {};
  return { pty: { ...size, term: context.environment.TERM ?? "xterm-256color" } };
}

/** What was masked stays so; what has come to the workspace meanwhile is looked for. */
async function withMasks(
  context: CommandContext,
  request: LaunchRequest,
  show: readonly string[],
): Promise<LaunchRequest> {
  const { dir } = request.metadata.workspace;
  if (dir === undefined) return request;
  const { layers } = await readManifests(context, { workspace: dir, manifest: undefined });
  const found = await lookForSecrets(context, dir, { layers, show });
  const shown = new Set(found.shown);
  const before = (request.metadata.masked ?? []).filter(({ path }) => existsSync(join(dir, path)) && !shown.has(path));
  const masked = new Map([...before, ...found.masked].map((file) => [file.path, file]));
  return { ...request, metadata: { ...request.metadata, masked: [...masked.values()] } };
}

function announce({ output }: CommandContext, { request, conversation, interrupted }: ResumePlan): void {
  const { metadata } = request;
  output.note(`  sandbox    ${metadata.slug}   ${metadata.engine} · resumed`);
  output.note(`  agent      ${metadata.agent}${metadata.model === undefined ? "" : ` · ${metadata.model}`}`);
  if (conversation === undefined) {
    output.note("  ! its conversation was never written down: a new one begins, and is told what you said before");
  }
  if (interrupted !== undefined) {
    const text = interrupted.replace(/\s+/g, " ");
    output.note(
      `  ! interrupted in "${text.length > 100 ? `${text.slice(0, 97)}...` : text}": it is not run again by itself`,
    );
  }
}
