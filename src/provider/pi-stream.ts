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
      case "message_end": {
        const message = objectIn(object, "message");
        if (message.role !== "assistant") return [];
        const error = textIn(message, "errorMessage");
        last = {
          ok: message.stopReason !== "error" && message.stopReason !== "aborted",
          text: saidIn(message) || error,
        };
        return readMessage(message, error);
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

function readMessage(message: StreamObject, error: string): readonly RunEventDraft[] {
  const text = saidIn(message);
  return [
    ...(text === "" ? [] : [{ event: "text_produced", text } as const]),
    ...(error === "" ? [] : [{ event: "error_reported", message: error } as const]),
  ];
}

const saidIn = (message: StreamObject): string =>
  objectsIn(message, "content")
    .filter((block) => block.type === "text")
    .map((block) => textIn(block, "text"))
    .join("\n");
