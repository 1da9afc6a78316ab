import { randomInt } from "node:crypto";
import { newSlug } from "../../base/slug.ts";
import { entryPoint } from "../../host/entry-point.ts";
import { runFailure } from "../../run/errors.ts";
import { connectKeeper, type KeeperClient } from "../../run/keeper-client.ts";
import { spawnKeeper } from "../../run/start-keeper.ts";
import { stopSandbox } from "../../run/stop-sandbox.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import type { RunEvent } from "../../spec/events.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";
import type { SessionCommand } from "../../spec/session.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { headLines } from "../run/announce-run.ts";
import { keeperFailure } from "../run/keeper-failure.ts";
import { planRun } from "../run/plan-run.ts";
import type { RunInput } from "../run/run-options.ts";
import { waitUntilRunning } from "../run/wait-until-running.ts";
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
  const { folders, output, environment } = context;
  const plan = await planRun(context, input, { slug: newSlug(randomInt), prompt: undefined, now: new Date() });
  const keeper = spawnKeeper({ command: process.execPath, args: [entryPoint("keeper")] }, environment);
  const { session } = plan.request;
  // When we die, whatever of: nobody else would end it.
  await keeper.launch({ ...plan.request, ...(session && { session: { ...session, owned: true } }) });
  const { slug } = plan.request.metadata;
  for (const line of headLines(plan)) output.note(line);
  for (const { text } of plan.notes) output.note(`  ${text}`);
  const client = await connectKeeper(statePaths(folders.state, slug).socket);
  if (!client) throw runFailure("sandbox_ended", { slug });
  const stop = async () => {
    const { leftovers } = await stopSandbox(settleHost(context), slug);
    client[Symbol.dispose]();
    for (const left of leftovers) output.note(`  left       ${slug}: ${left}   (caisson cleanup)`);
  };
  listen(client, listener);
  try {
    await waitUntilRunning(client, slug);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    slug,
    workdir: plan.request.workdir,
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
