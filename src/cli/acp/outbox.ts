import { type AgentContext, methods, type SessionUpdate } from "@agentclientprotocol/sdk";
import type { SealedSession } from "./sealed-session.ts";

/** Updates that may be on their way to an editor; a slower one holds its agent up. */
const mostUntaken = 500;

/** The way of one session's updates to its editor, in order. */
export interface Outbox {
  send(updates: readonly SessionUpdate[]): void;
  /** Resolves when all that was sent is with the editor, or the editor is gone. */
  sent(): Promise<void>;
}

/** Makes one. */
export function createOutbox(
  editor: Pick<AgentContext, "notify">,
  sealed: Pick<SealedSession, "slug" | "pause" | "resume">,
): Outbox {
  let untaken = 0;
  let last = Promise.resolve();
  const taken = () => {
    untaken -= 1;
    if (untaken === 0) sealed.resume();
  };
  return {
    send(updates) {
      for (const update of updates) {
        untaken += 1;
        if (untaken > mostUntaken) sealed.pause();
        last = editor.notify(methods.client.session.update, { sessionId: sealed.slug, update }).then(taken, taken);
      }
    },
    sent: () => last,
  };
}
