import type { RunEventDraft } from "../spec/events.ts";
import { contentText, createJsonLineDecoder, objectIn, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { Decoder } from "./provider.ts";

/** Decodes `copilot --output-format json`. The last thing that the model said is the result. */
export function createCopilotDecoder(): Decoder {
  let said = "";
  const read = (object: StreamObject): readonly RunEventDraft[] => {
    const data = objectIn(object, "data");
    switch (object.type) {
      case "assistant.message": {
        const text = textIn(data, "content");
        const thought = textIn(data, "reasoningText");
        said = text || said;
        return [
          ...(thought === "" ? [] : [{ event: "thought_produced", text: thought } as const]),
          ...(text === "" ? [] : [{ event: "text_produced", text } as const]),
        ];
      }
      case "tool.execution_start":
        return [
          {
            event: "tool_started",
            id: textIn(data, "toolCallId"),
            tool: textIn(data, "toolName"),
            input: data.arguments ?? {},
          },
        ];
      case "tool.execution_complete": {
        const output = contentText(objectIn(data, "result")) || textIn(objectIn(data, "error"), "message");
        return [{ event: "tool_completed", id: textIn(data, "toolCallId"), ok: data.success === true, output }];
      }
      case "model.call_failure": {
        const status = typeof data.statusCode === "number" ? `${data.statusCode} ` : "";
        const why = textIn(data, "errorMessage") || textIn(data, "failureKind");
        return [{ event: "error_reported", message: `the model did not answer: ${status}${why}` }];
      }
      case "session.error":
        return [{ event: "error_reported", message: textIn(data, "message") }];
      case "result":
        return [{ event: "result_reported", ok: object.exitCode === 0, text: said }];
      default:
        return [];
    }
  };
  return createJsonLineDecoder("copilot", read);
}
