import type { PromptRequest } from "@agentclientprotocol/sdk";
import type { TurnEnd } from "../spec/session.ts";
import type { AcpPeer, AcpReply } from "./acp-peer.ts";
import { textIn } from "./json-line-decoder.ts";
import type { StepBuilder } from "./step-builder.ts";

/** The one thing that the agent does at a time: a turn of the person's, or a summing up. */
export interface AcpWork {
  readonly isBusy: boolean;
  /** The agent was told to stop what goes on. */
  readonly isAborted: boolean;
  begin(kind: "turn" | "compaction", conversation: string, text: string): void;
  abort(conversation: string): void;
  /** Ends what goes on, as it is told; `why` in the place of the last words. */
  finish(outcome: TurnEnd, why?: string): void;
}

/** Why an agent stopped before it was done. */
const stops: Readonly<Record<string, string>> = {
  max_tokens: "its answer became too long for the model",
  max_turn_requests: "it asked the model too often in one turn",
  refusal: "the model refused to go on",
};

/** Follows it. `over` is called at each end, before that is told. */
export function createAcpWork(context: {
  readonly peer: Pick<AcpPeer, "request" | "notify">;
  readonly step: Pick<StepBuilder, "tell" | "flush" | "takeLastText">;
  readonly over: () => void;
}): AcpWork {
  const { peer, step, over } = context;
  let now: { readonly kind: "turn" | "compaction"; isAborted: boolean } | undefined;

  const finish: AcpWork["finish"] = (outcome, why) => {
    step.flush();
    over();
    const done = now;
    now = undefined;
    if (!done) return;
    const said = step.takeLastText();
    if (done.kind === "compaction") step.tell({ event: "compaction_completed", ok: outcome === "completed" });
    else step.tell({ event: "turn_completed", outcome, text: why ?? said });
  };
  const answered = (isAborted: boolean, reply: AcpReply) => {
    if (!reply.ok) {
      if (!isAborted) step.tell({ event: "error_reported", message: reply.message });
      return finish(isAborted ? "aborted" : "failed", reply.message);
    }
    const reason = textIn(reply.result, "stopReason");
    if (reason === "cancelled") return finish("aborted");
    return Object.hasOwn(stops, reason) ? finish("failed", stops[reason]) : finish("completed");
  };

  return {
    get isBusy() {
      return now !== undefined;
    },
    get isAborted() {
      return now?.isAborted === true;
    },
    begin(kind, conversation, text) {
      const begun = { kind, isAborted: false };
      now = begun;
      step.takeLastText();
      step.tell({ event: kind === "turn" ? "turn_started" : "compaction_started" });
      const params = { sessionId: conversation, prompt: [{ type: "text", text }] } satisfies PromptRequest;
      peer.request("session/prompt", params, (reply) => {
        if (begun === now) answered(begun.isAborted, reply);
      });
    },
    abort(conversation) {
      if (!now || now.isAborted) return;
      now.isAborted = true;
      peer.notify("session/cancel", { sessionId: conversation });
    },
    finish,
  };
}
