import type { RunEventDraft } from "../spec/events.ts";
import {
  contentText,
  createJsonLineDecoder,
  objectIn,
  objectsIn,
  type StreamObject,
  textIn,
} from "./json-line-decoder.ts";
import type { Decoder } from "./provider.ts";

/** Decodes `pi --mode json`. The last thing that the model said is the result. */
export function createPiDecoder(): Decoder {
  let last: { readonly ok: boolean; readonly text: string } | undefined;
  const takeResult = (): readonly RunEventDraft[] => {
    const result = last;
    last = undefined;
    return result ? [{ event: "result_reported", ...result }] : [];
  };
  const read = (object: StreamObject): readonly RunEventDraft[] => {
    switch (object.type) {
      case "session": {
        const conversation = textIn(object, "id");
        return conversation === "" ? [] : [{ event: "conversation_opened", conversation, resumed: false }];
      }
      case "message_end": {
        const found = readAssistant(objectIn(object, "message"));
        last = found?.result ?? last;
        return found?.events ?? [];
      }
      case "tool_execution_start":
        return [
          {
            event: "tool_started",
            id: textIn(object, "toolCallId"),
            tool: textIn(object, "toolName"),
            input: object.args ?? {},
          },
        ];
      case "tool_execution_end":
        return [
          {
            event: "tool_completed",
            id: textIn(object, "toolCallId"),
            ok: object.isError !== true,
            output: contentText(objectIn(object, "result")),
          },
        ];
      case "agent_settled":
        return takeResult();
      default:
        return [];
    }
  };
  return createJsonLineDecoder("pi", read, takeResult);
}

/** What the model said and thought in one message, and what that makes of the turn; undefined for other messages. */
export function readAssistant(message: StreamObject):
  | {
      readonly events: readonly RunEventDraft[];
      readonly result: { readonly ok: boolean; readonly text: string };
    }
  | undefined {
  if (message.role !== "assistant") return undefined;
  const error = textIn(message, "errorMessage");
  const text = blocksIn(message, "text", "text");
  const thought = blocksIn(message, "thinking", "thinking");
  return {
    events: [
      ...(thought === "" ? [] : [{ event: "thought_produced", text: thought } as const]),
      ...(text === "" ? [] : [{ event: "text_produced", text } as const]),
      ...(error === "" ? [] : [{ event: "error_reported", message: error } as const]),
    ],
    result: { ok: message.stopReason !== "error" && message.stopReason !== "aborted", text: text || error },
  };
}

const blocksIn = (message: StreamObject, type: string, field: string): string =>
  objectsIn(message, "content")
    .filter((block) => block.type === type)
    .map((block) => textIn(block, field))
    .filter((text) => text !== "")
    .join("\n");
