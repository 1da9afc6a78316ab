import { isAbsolute, join } from "node:path";
import type { ToolCall, ToolCallContent, ToolKind } from "@agentclientprotocol/sdk";

type Fields = Readonly<Record<string, unknown>>;

const kinds: readonly (readonly [RegExp, ToolKind])[] = [
  [/^(bash|shell|exec|exec_command|execute|local_shell|killshell|bashoutput)$/, "execute"],
  [/^(edit|multiedit|write|create|apply_patch|patch|notebookedit|str_replace.*)$/, "edit"],
  [/^(read|view|cat|read_file|notebookread)$/, "read"],
  [/^(grep|glob|ls|list|find|search|rg)$/, "search"],
  [/^(webfetch|websearch|fetch|web_search|web_fetch)$/, "fetch"],
  [/^(delete|move|think|switch_mode)$/, "other"],
];

/** A tool's use as an editor shows it: what kind it is, what it is about, which file, which change. */
export function describeTool(
  tool: { readonly id: string; readonly tool: string; readonly input: unknown },
  workdir: string,
): ToolCall {
  const input: Fields = typeof tool.input === "object" && tool.input !== null ? (tool.input as Fields) : {};
  const path = pathIn(input, workdir);
  const change = path === undefined ? undefined : changeIn(input, path);
  return {
    toolCallId: tool.id,
    title: titleOf(tool.tool, input, path),
    kind: kindOf(tool.tool),
    status: "in_progress",
    rawInput: tool.input,
    ...(path !== undefined && { locations: [{ path }] }),
    ...(change && { content: [change] }),
  };
}

/** A text as a part of a tool's use. */
export function toolText(text: string): ToolCallContent {
  return { type: "content", content: { type: "text", text } };
}

function kindOf(tool: string): ToolKind {
  const name = tool.toLowerCase();
  const known = kinds.find(([pattern]) => pattern.test(name))?.[1] ?? "other";
  return known === "other" && /^(delete|move|think|switch_mode)$/.test(name) ? (name as ToolKind) : known;
}

const textIn = (input: Fields, ...names: readonly string[]) =>
  names.map((name) => input[name]).find((value): value is string => typeof value === "string" && value !== "");

function pathIn(input: Fields, workdir: string): string | undefined {
  const path = textIn(input, "file_path", "filePath", "path", "notebook_path", "filepath");
  return path === undefined || isAbsolute(path) ? path : join(workdir, path);
}

function changeIn(input: Fields, path: string): ToolCallContent | undefined {
  const newText = textIn(input, "new_string", "newString", "new_str", "content");
  if (newText === undefined) return undefined;
  return { type: "diff", path, oldText: textIn(input, "old_string", "oldString", "old_str") ?? null, newText };
}

/** What it is about, in one line: a command, or the tool and its file. */
function titleOf(tool: string, input: Fields, path: string | undefined): string {
  const command =
    textIn(input, "command", "cmd") ?? (Array.isArray(input.command) ? input.command.join(" ") : undefined);
  const about = command ?? (path === undefined ? tool : `${tool} ${path}`);
  const [line = "", ...more] = about.split("\n");
  return line.length > 120 || more.length > 0 ? `${line.slice(0, 120)}…` : line;
}
