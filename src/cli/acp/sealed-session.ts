import { newSlug } from "../../base/slug.ts";
import { startArguments } from "../../host/entry-point.ts";
import { randomBelow } from "../../host/random-bytes.ts";
import { runFailure } from "../../run/errors.ts";
import { connectKeeper, type KeeperClient } from "../../run/keeper-client.ts";
import type { ListedSandbox } from "../../run/list-sandboxes.ts";
import { spawnKeeper } from "../../run/start-keeper.ts";
import { stopSandbox } from "../../run/stop-sandbox.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import type { RunEvent } from "../../spec/events.ts";
import type { FromKeeper, LaunchRequest } from "../../spec/keeper-protocol.ts";
import type { SessionCommand } from "../../spec/session.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { headLines } from "../run/announce-run.ts";
import { keeperFailure } from "../run/keeper-failure.ts";
import { planRun } from "../run/plan-run.ts";
import type { RunInput } from "../run/run-options.ts";
import { waitUntilRunning } from "../run/wait-until-running.ts";
import { prepareResume } from "../session/resume-sealed.ts";
import { settleHost } from "../settle-host.ts";

/** What a session tells whoever opened it. */
export interface SessionListener {
  event(event: RunEvent): void;
  streamed(kind: "text" | "thought", text: string): void;
  /** Its keeper is gone; nothing more will be told. */
  gone(): void;
}

/** A session that runs, sealed, with a keeper of its own. */
export interface SealedSession {
  readonly slug: string;
  /** The agent's folder, as it sees it. */
  readonly workdir: string;
  /** Says it, and which prompt's turn answers it. Throws what the keeper refuses it with. */
  command(command: SessionCommand): Promise<{ readonly prompt?: number }>;
  /** Ends it and everything that it runs. */
  stop(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Starts one in the context's folder, as `caisson run --session` does. Throws what keeps it from starting. */
export async function openSealedSession(
  context: CommandContext,
  input: RunInput,
  listener: SessionListener,
): Promise<SealedSession> {
  const { output } = context;
  const plan = await planRun(context, input, { slug: newSlug(randomBelow), prompt: undefined, now: new Date() });
  for (const line of headLines(plan)) output.note(line);
  for (const { text } of plan.notes) output.note(`  ${text}`);
  const { session } = plan.request;
  const request = { ...plan.request, ...(session && { session: { ...session, owned: true } }) };
  return launchSession(context, { request, fromSeq: 0 }, listener);
}

/** Goes on with one that has ended, as `caisson resume` does, and what was told in it before. Throws what keeps it from going on. */
export async function resumeSealedSession(
  context: CommandContext,
  found: ListedSandbox,
  listener: SessionListener,
): Promise<{ readonly sealed: SealedSession; readonly before: readonly RunEvent[] }> {
  const { request, events } = await prepareResume(context, found, { ask: false, show: [], owned: true });
  context.output.note(`  sandbox    ${found.metadata.slug}   ${found.metadata.engine} · resumed`);
  const launch = { request, fromSeq: events.at(-1)?.seq ?? 0 };
  return { sealed: await launchSession(context, launch, listener), before: events };
}

/** Hands it to a keeper of its own. It is owned by us: when we die, whatever of, it ends. */
async function launchSession(
  context: CommandContext,
  { request, fromSeq }: { readonly request: LaunchRequest; readonly fromSeq: number },
  listener: SessionListener,
): Promise<SealedSession> {
  const { folders, output, environment } = context;
  const { slug } = request.metadata;
  const keeper = spawnKeeper({ command: process.execPath, args: startArguments("keeper") }, environment);
  await keeper.launch(request);
  const client = await connectKeeper(statePaths(folders.state, slug).socket);
  if (!client) throw runFailure("sandbox_ended", { slug });
  const stop = async () => {
    const { leftovers } = await stopSandbox(settleHost(context), slug);
    client[Symbol.dispose]();
    for (const left of leftovers) output.note(`  left       ${slug}: ${left}   (caisson cleanup)`);
  };
  listen(client, listener);
  try {
    await waitUntilRunning(client, slug, fromSeq);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    keeper.leave();
  }
  return {
    slug,
    workdir: request.workdir,
    command: commander(client, slug),
    stop,
    pause: client.pause,
    resume: client.resume,
  };
}

function listen(client: KeeperClient, { event, streamed, gone }: SessionListener): void {
  client.onMessage((message) => {
    if (message.type === "event") event(message.event);
    if (message.type === "streamed") streamed(message.kind, message.text);
  });
  void client.closed.then(gone);
}

/** Commands by number, since several may be on their way. */
function commander(client: KeeperClient, slug: string): SealedSession["command"] {
  let count = 0;
  return async (command) => {
    count += 1;
    const id = `editor-${count}`;
    const taken = client.next(
      (m): m is Extract<FromKeeper, { type: "accepted" | "failed" }> =>
        (m.type === "accepted" || m.type === "failed") && m.id === id,
    );
    client.send({ type: "command", id, command });
    const answer = await taken;
    if (answer === undefined) throw runFailure("sandbox_ended", { slug });
    if (answer.type === "failed") throw keeperFailure(answer, slug);
    return answer.prompt === undefined ? {} : { prompt: answer.prompt };
  };
}
