import type { KeeperClient } from "../../run/keeper-client.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";
import { mainProcess } from "../../spec/main-process.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { endOnDisk, type Followed, tellEnd } from "../run/follow-run.ts";
import { keeperFailure } from "../run/keeper-failure.ts";
import { readSaid } from "./read-said.ts";
import { createSessionTalk, type SessionTalk } from "./session-talk.ts";
import { createSessionView } from "./session-view.ts";

/** Which of a session matters for following it. */
export type FollowedSession = {
  readonly metadata: Followed["metadata"];
  /** Whether we opened it: then the end of our input is its end; else it only ends our looking. */
  readonly isOurs: boolean;
  /** What was told before is known already. */
  readonly fromSeq?: number;
};

/**
 * Follows a session: its events out, our lines in. A line is a prompt; on a terminal it steers while a turn goes on, and
 * answers the question that is open. With `--json` a line is a SessionCommand. Returns the exit code, by the last turn.
 */
export async function followSession(
  context: CommandContext,
  client: KeeperClient | undefined,
  session: FollowedSession,
): Promise<number> {
  const { output, folders } = context;
  const { slug } = session.metadata;
  const view = createSessionView(output, slug);
  if (!client) return tellEnd(context, session, await endOnDisk(folders.state, slug), view.totals);

  let failure: Extract<FromKeeper, { type: "failed" }> | undefined;
  client.onMessage((message) => {
    if (message.type === "failed" && message.id === undefined) failure = message;
    if (message.type === "event") {
      view.show(message.event);
      if (message.event.event === "sandbox_launched" && session.isOurs) tellHow(context, session);
    }
    if (message.type === "streamed") view.streamed(message.kind, message.text);
  });
  const talk = createSessionTalk(client);
  const ended = client.next((m): m is Extract<FromKeeper, { type: "ended" }> => m.type === "ended");
  const left = Promise.withResolvers<"left">();
  using _interrupts = context.onInterrupt((count, cause) => {
    if (session.isOurs) interrupt(context, client, talk, { count, cause });
    else left.resolve("left");
  });
  if (!session.isOurs) tellHow(context, session);
  client.send({ type: "attach", fromSeq: session.fromSeq ?? 0, input: false });
  using _said = readSaid(context, talk, {
    isShown: (text) => view.typed(text),
    // Whoever opened it says when it is over; from elsewhere a closed input only ends the typing.
    over: () => {
      if (session.isOurs) client.send({ type: "input_end", id: mainProcess });
      else if (context.input.isTerminal) left.resolve("left");
    },
  });
  const first = await Promise.race([ended, left.promise]);
  if (first === "left") {
    output.note(`  left       caisson attach ${slug} · caisson send ${slug} "…" · caisson stop ${slug}`);
    return 0;
  }
  const end = first ?? (await endOnDisk(folders.state, slug));
  // Without a word of the end it is what the keeper died of.
  if (failure && (end.end === "launch_failed" || first === undefined)) throw keeperFailure(failure, slug);
  return tellEnd(context, session, end, view.totals);
}

/** What a person at a terminal can do here: nothing else on the screen says so. */
function tellHow({ output, input }: CommandContext, { isOurs }: FollowedSession): void {
  if (!input.isTerminal || !output.isTerminal || output.json) return;
  const keys = isOurs
    ? "Ctrl-C ends the turn, twice the session · Ctrl-D: no more to say"
    : "Ctrl-C leaves, it goes on";
  output.note(output.style.dim(`  say        type and press enter · ${keys}`));
}

/** Ctrl-C ends the turn that goes on; with none, or again, the session. */
function interrupt(
  { output }: CommandContext,
  client: KeeperClient,
  talk: SessionTalk,
  { count, cause }: { readonly count: number; readonly cause: string },
): void {
  if (cause === "EPIPE") return;
  if (cause === "SIGINT" && talk.isAtWork && !talk.isAborting) {
    talk.abort();
    output.note("  aborting   (Ctrl-C again stops the session)");
    return;
  }
  client.send({ type: "stop", id: "interrupt", end: count > 2 ? "killed" : "stopped" });
  output.note("  stopping   (Ctrl-C again kills it)");
}
