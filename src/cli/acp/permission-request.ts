import type { PermissionOption, RequestPermissionRequest } from "@agentclientprotocol/sdk";
import type { Question } from "../../spec/session.ts";
import { describeTool } from "./tool-call.ts";

const kinds: Readonly<Record<Question["options"][number]["means"], PermissionOption["kind"]>> = {
  allow: "allow_once",
  allow_always: "allow_always",
  deny: "reject_once",
  deny_always: "reject_always",
  other: "allow_once",
};

/** A question of the agent's CLI as an editor asks it. `toolCallId`: the use of a tool that it is about, where one is known. */
export function permissionRequest(
  question: Question,
  at: { readonly sessionId: string; readonly workdir: string; readonly toolCallId: string | undefined },
): RequestPermissionRequest {
  const { tool = question.kind, input, options, title } = question;
  const id = at.toolCallId ?? question.question;
  const { content, locations, kind } = describeTool({ id, tool, input }, at.workdir);
  return {
    sessionId: at.sessionId,
    toolCall: {
      toolCallId: id,
      title,
      kind: kind ?? "other",
      status: "pending",
      ...(input !== undefined && { rawInput: input }),
      ...(content && { content }),
      ...(locations && { locations }),
    },
    options: options.map(({ id: optionId, label, means }) => ({ optionId, name: label, kind: kinds[means] })),
  };
}
