import type { RunEventDraft } from "../spec/events.ts";
import { createJsonLineDecoder, cutText, objectIn, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { Decoder } from "./provider.ts";

/** Decodes `opencode run --format json`. It says no result: that is the last thing said when its stream ends. */
export function createOpencodeDecoder(): Decoder {
  let last: { readonly ok: boolean; readonly text: string } | undefined;
  let isOpen = false;
  const open = (object: StreamObject): readonly RunEventDraft[] => {
    const conversation = textIn(object, "sessionID");
    if (isOpen || conversation === "") return [];
    isOpen = true;
    return [{ event: "conversation_opened", conversation, resumed: false }];
  };
  const read = (object: StreamObject): readonly RunEventDraft[] => {
    const part = objectIn(object, "part");
    switch (object.type) {
      case "text": {
        const text = textIn(part, "text");
        if (text === "") return [];
        last = { ok: true, text };
        return [{ event: "text_produced", text }];
      }
      case "reasoning": {
        const text = textIn(part, "text");
        return text === "" ? [] : [{ event: "thought_produced", text }];
      }
      case "tool_use":
        return readTool(part);
      case "error": {
        const error = objectIn(object, "error");
        const message = textIn(objectIn(error, "data"), "message") || textIn(error, "name");
        last = { ok: false, text: message };
        return [{ event: "error_reported", message }];
      }
      default:
        return [];
    }
  };
  const takeResult = (): readonly RunEventDraft[] => (last ? [{ event: "result_reported", ...last }] : []);
  return createJsonLineDecoder("opencode", (object) => [...open(object), ...read(object)], takeResult);
}

/** A tool's use is told of once, when it is over. */
function readTool(part: StreamObject): readonly RunEventDraft[] {
  const state = objectIn(part, "state");
  const exit = objectIn(state, "metadata").exit ?? 0;
  const id = textIn(part, "callID");
  const output = cutText(textIn(state, "output") || textIn(state, "error"));
  return [
    { event: "tool_started", id, tool: textIn(part, "tool"), input: state.input ?? {} },
    { event: "tool_completed", id, ok: state.status === "completed" && exit === 0, output },
  ];
}
