import type { RunEventDraft } from "../spec/events.ts";
import { cutText, objectIn, objectsIn, type StreamObject, textIn } from "./json-line-decoder.ts";

type Started = Omit<Extract<RunEventDraft, { event: "tool_started" }>, "event">;
type Completed = Omit<Extract<RunEventDraft, { event: "tool_completed" }>, "event" | "id">;

/** The tool use that an item of the app-server's is; undefined for what is none. */
export function readToolItem(item: StreamObject): Started | undefined {
  const id = textIn(item, "id");
  const { command, changes, query } = item;
  switch (item.type) {
    case "commandExecution":
      return { id, tool: "shell", input: { command } };
    case "fileChange":
      return { id, tool: "apply_patch", input: { changes } };
    case "webSearch":
      return { id, tool: "web_search", input: { query } };
    case "mcpToolCall":
      return { id, tool: `${textIn(item, "server")}.${textIn(item, "tool")}`, input: item.arguments ?? {} };
    case "dynamicToolCall":
      return { id, tool: textIn(item, "tool"), input: item.arguments ?? {} };
    case "collabAgentToolCall":
      return { id, tool: textIn(item, "tool"), input: { prompt: item.prompt ?? null } };
    default:
      return undefined;
  }
}

/** How the tool use of an item ended. */
export function readToolEnd(item: StreamObject): Completed {
  const isOk = item.status === undefined || item.status === "completed";
  const said = objectsIn(item, "contentItems")
    .map((block) => textIn(block, "text"))
    .join("\n");
  const output =
    textIn(item, "aggregatedOutput") ||
    textIn(objectIn(item, "error"), "message") ||
    said ||
    (item.result ? JSON.stringify(item.result) : "");
  return { ok: isOk && (item.exitCode ?? 0) === 0 && item.success !== false, output: cutText(output) };
}

/** What a reasoning item says: its summary, or else the whole. */
export function readThought(item: StreamObject): string {
  const texts = (field: string) => {
    const value = item[field];
    return Array.isArray(value) ? value.filter((text) => typeof text === "string").join("\n\n") : "";
  };
  return texts("summary") || texts("content");
}
