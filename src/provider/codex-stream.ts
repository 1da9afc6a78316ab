import type { RunEventDraft } from "../spec/events.ts";
import { createJsonLineDecoder, cutText, objectIn, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { Decoder } from "./provider.ts";

/** Decodes `codex exec --json`. The last thing that the model said is the result. */
export function createCodexDecoder(): Decoder {
  let said = "";
  const open = new Set<string>();
  const readItem = (item: StreamObject, isDone: boolean): readonly RunEventDraft[] => {
    const id = textIn(item, "id");
    const text = textIn(item, "text");
    switch (item.type) {
      case "agent_message":
        if (!isDone || text === "") return [];
        said = text;
        return [{ event: "text_produced", text }];
      case "reasoning":
        return isDone && text !== "" ? [{ event: "thought_produced", text }] : [];
      case "error":
        return isDone ? [{ event: "error_reported", message: textIn(item, "message") }] : [];
      case "command_execution":
      case "file_change":
      case "mcp_tool_call":
      case "web_search": {
        // Some are only told of when they are done.
        const started = open.has(id) ? [] : [startOf(id, item)];
        if (!isDone) {
          open.add(id);
          return started;
        }
        open.delete(id);
        return [...started, endOf(id, item)];
      }
      default:
        return [];
    }
  };
  const read = (object: StreamObject): readonly RunEventDraft[] => {
    switch (object.type) {
      case "thread.started": {
        const conversation = textIn(object, "thread_id");
        return conversation === "" ? [] : [{ event: "conversation_opened", conversation, resumed: false }];
      }
      case "item.started":
        return readItem(objectIn(object, "item"), false);
      case "item.completed":
        return readItem(objectIn(object, "item"), true);
      case "turn.completed":
        return [{ event: "result_reported", ok: true, text: said }];
      case "turn.failed":
        return [{ event: "result_reported", ok: false, text: textIn(objectIn(object, "error"), "message") }];
      case "error":
        return [{ event: "error_reported", message: textIn(object, "message") }];
      default:
        return [];
    }
  };
  return createJsonLineDecoder("codex", read);
}

function startOf(id: string, item: StreamObject): RunEventDraft {
  const { command, changes, query, arguments: args } = item;
  switch (item.type) {
    case "command_execution":
      return { event: "tool_started", id, tool: "shell", input: { command } };
    case "file_change":
      return { event: "tool_started", id, tool: "apply_patch", input: { changes } };
    case "web_search":
      return { event: "tool_started", id, tool: "web_search", input: { query } };
    default: {
      const tool = `${textIn(item, "server")}.${textIn(item, "tool")}`;
      return { event: "tool_started", id, tool, input: args ?? {} };
    }
  }
}

function endOf(id: string, item: StreamObject): RunEventDraft {
  const ok = item.status !== "failed" && item.status !== "declined" && (item.exit_code ?? 0) === 0;
  const message = textIn(objectIn(item, "error"), "message");
  const output = textIn(item, "aggregated_output") || message || (item.result ? JSON.stringify(item.result) : "");
  return { event: "tool_completed", id, ok, output: cutText(output) };
}
