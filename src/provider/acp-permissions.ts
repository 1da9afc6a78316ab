import type { RequestPermissionOutcome } from "@agentclientprotocol/sdk";
import type { Answer, Question } from "../spec/session.ts";
import type { AcpPeer } from "./acp-peer.ts";
import type { AcpToolCalls } from "./acp-tool-calls.ts";
import { objectIn, objectsIn, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { StepBuilder } from "./step-builder.ts";

type Options = Question["options"];

/** The permissions that an agent asks for, each told once and answered once. */
export interface AcpPermissions {
  /** A request for one; it is answered at once when nobody is to be asked, or when its turn is over anyway. */
  asked(id: unknown, params: StreamObject, isOver: boolean): void;
  /** Why not, where the answer is none to this question. */
  answer(question: string, answer: Answer): string | undefined;
  /** The agent takes one back. */
  withdraw(requestId: unknown): void;
  cancelAll(): void;
}

const meanings: Readonly<Record<string, Options[number]["means"]>> = {
  allow_once: "allow",
  allow_always: "allow_always",
  reject_once: "deny",
  reject_always: "deny_always",
};

/** Keeps them. */
export function createAcpPermissions(context: {
  readonly asks: boolean;
  readonly step: Pick<StepBuilder, "tell">;
  readonly peer: Pick<AcpPeer, "reply">;
  readonly tools: Pick<AcpToolCalls, "describe">;
}): AcpPermissions {
  const { asks, step, peer, tools } = context;
  const open = new Map<string, { readonly id: unknown; readonly options: Options }>();
  let count = 0;

  const reply = (id: unknown, outcome: RequestPermissionOutcome) => peer.reply(id, { outcome });
  const settle = (question: string, outcome: RequestPermissionOutcome) => {
    const asked = open.get(question);
    open.delete(question);
    if (asked) reply(asked.id, outcome);
  };
  const cancel = (question: string) => {
    settle(question, { outcome: "cancelled" });
    step.tell({ event: "question_answered", question, answer: { cancelled: true } });
  };

  return {
    asked(id, params, isOver) {
      const options = optionsOf(params);
      if (isOver) return reply(id, { outcome: "cancelled" });
      if (!asks) return reply(id, givenOf(options));
      const call = objectIn(params, "toolCall");
      const { tool, input } = tools.describe(call);
      count += 1;
      const question = `question-${count}`;
      open.set(question, { id, options });
      const title = textIn(call, "title") || tool;
      step.tell({ event: "question_asked", question, kind: "permission", title, tool, input, options });
    },
    answer(question, answer) {
      const asked = open.get(question);
      if (!asked) return `there is no open question "${question}"`;
      if ("text" in answer) return "it asks for one of its options, not for a text";
      if ("option" in answer && !asked.options.some(({ id }) => id === answer.option))
        return `"${answer.option}" is none of its options: ${asked.options.map(({ id }) => id).join(", ")}`;
      settle(
        question,
        "option" in answer ? { outcome: "selected", optionId: answer.option } : { outcome: "cancelled" },
      );
      return undefined;
    },
    withdraw(requestId) {
      for (const [question, { id }] of open) if (id === requestId) cancel(question);
    },
    cancelAll() {
      for (const question of open.keys()) cancel(question);
    },
  };
}

function optionsOf(params: StreamObject): Options {
  return objectsIn(params, "options").map((option) => {
    const id = textIn(option, "optionId");
    return { id, label: textIn(option, "name") || id, means: meanings[textIn(option, "kind")] ?? "other" };
  });
}

/** Leave for this once, rather than for ever; none where it offers none. */
function givenOf(options: Options): RequestPermissionOutcome {
  const given = options.find(({ means }) => means === "allow") ?? options.find(({ means }) => means === "allow_always");
  return given ? { outcome: "selected", optionId: given.id } : { outcome: "cancelled" };
}
