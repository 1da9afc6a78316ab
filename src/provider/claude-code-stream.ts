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

/** Decodes `claude -p --output-format stream-json --verbose`. Token use comes from the gate, which sees every request. */
export function createClaudeCodeDecoder(): Decoder {
  return createJsonLineDecoder("claude-code", readObject);
}

function readObject(object: StreamObject): readonly RunEventDraft[] {
  const conversation = textIn(object, "session_id");
  if (object.type === "system" && object.subtype === "init" && conversation !== "")
    return [{ event: "conversation_opened", conversation, resumed: false }];
  if (object.type !== "result") return readMessage(object);
  const ok = object.subtype === "success" && object.is_error !== true;
  const output = object.structured_output;
  return [{ event: "result_reported", ok, text: resultText(object), ...(output !== undefined && { output }) }];
}

/** What was said, thought and done in one message; and what failed and is tried again. */
export function readMessage(object: StreamObject): readonly RunEventDraft[] {
  const message = objectIn(object, "message");
  switch (object.type) {
    case "system": {
      if (object.subtype !== "api_retry") return [];
      const { attempt, max_retries: most, error_status: status } = object;
      const what = [status, object.error].filter((word) => typeof word === "string" || typeof word === "number");
      return [
        { event: "error_reported", message: `${what.join(" ")}: tried again, ${count(attempt)} of ${count(most)}` },
      ];
    }
    case "assistant":
      return objectsIn(message, "content").flatMap(readSaid);
    case "user":
      return objectsIn(message, "content")
        .filter((block) => block.type === "tool_result")
        .map((block) => ({
          event: "tool_completed",
          id: textIn(block, "tool_use_id"),
          ok: block.is_error !== true,
          output: contentText(block),
        }));
    default:
      return [];
  }
}

function readSaid(block: StreamObject): readonly RunEventDraft[] {
  if (block.type === "text") return [{ event: "text_produced", text: textIn(block, "text") }];
  const thought = block.type === "thinking" ? textIn(block, "thinking") : "";
  if (thought !== "") return [{ event: "thought_produced", text: thought }];
  if (block.type !== "tool_use") return [];
  return [{ event: "tool_started", id: textIn(block, "id"), tool: textIn(block, "name"), input: block.input ?? {} }];
}

/** What a result says, be it of a success or of a failure. */
export function resultText(object: StreamObject): string {
  const errors = Array.isArray(object.errors) ? object.errors.filter((error) => typeof error === "string") : [];
  return textIn(object, "result") || errors.join("\n") || textIn(object, "subtype");
}

const count = (value: unknown) => (typeof value === "number" ? value : "?");
