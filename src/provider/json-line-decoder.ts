import { createBoundedLines, type StreamLine } from "../model/bounded-lines.ts";
import type { RunEventDraft } from "../spec/events.ts";
import type { Decoder } from "./provider.ts";

/** One JSON object of a CLI's stream. */
export type StreamObject = Readonly<Record<string, unknown>>;

/** Characters of a tool's output that an event keeps: the whole is in the CLI's own log. */
const longestText = 64 * 1024;

/** JSON nested deeper than this is no message of any CLI, and more than what prints events could walk. */
const deepest = 200;

/** A line of a CLI's stream: an object, or what to tell of a line that is none. */
export type JsonLine = { readonly object: StreamObject } | { readonly event: RunEventDraft };

/**
 * Cuts a CLI's stream into JSON objects, one a line, LF only. What is no JSON is passed as output; a line of over 1 MiB
 * is named and left out. Never throws, whatever the bytes and their split; bounded memory.
 */
export function createJsonLines(cli: string): {
  write(bytes: Uint8Array): readonly JsonLine[];
  end(): readonly JsonLine[];
} {
  const lines = createBoundedLines();
  const readLine = (line: StreamLine): readonly JsonLine[] => {
    if (!("whole" in line))
      return [{ event: { event: "error_reported", message: `${cli} wrote a line of over 1 MiB: left out` } }];
    const text = line.whole.replace(/\r$/, "");
    if (text === "") return [];
    const object = parseObject(text);
    return [object ? { object } : { event: { event: "output_produced", stream: "stdout", text: `${text}\n` } }];
  };
  return {
    write: (bytes) => lines.write(bytes).flatMap(readLine),
    end: () => lines.end().flatMap(readLine),
  };
}

/** A decoder for a CLI that prints one JSON object a line. `read` turns one object into events. */
export function createJsonLineDecoder(
  cli: string,
  read: (object: StreamObject) => readonly RunEventDraft[],
  atEnd: () => readonly RunEventDraft[] = () => [],
): Decoder {
  const lines = createJsonLines(cli);
  const tell = (line: JsonLine) => ("object" in line ? read(line.object) : [line.event]);
  return {
    decode: (bytes) => lines.write(bytes).flatMap(tell),
    end: () => [...lines.end().flatMap(tell), ...atEnd()],
  };
}

/** One line as an object; undefined when it is none, or nested too deeply. */
export function parseObject(text: string): StreamObject | undefined {
  if (isDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether brackets open deeper than any message's; those within strings count for nothing. */
function isDeep(text: string): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (isText) {
      if (char === 0x5c) at++;
      else if (char === 0x22) isText = false;
    } else if (char === 0x22) isText = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > deepest) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}

function isObject(value: unknown): value is StreamObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field as an object; an empty one when it is none. */
export function objectIn(object: StreamObject, field: string): StreamObject {
  const value = object[field];
  return isObject(value) ? value : {};
}

/** The field as text; empty when it is none. */
export function textIn(object: StreamObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

/** The objects of a list field. */
export function objectsIn(object: StreamObject, field: string): readonly StreamObject[] {
  const value = object[field];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The text of a message's or a tool result's content: a string, or a list of blocks of which some are text. */
export function contentText(object: StreamObject): string {
  const { content } = object;
  const text =
    typeof content === "string"
      ? content
      : objectsIn(object, "content")
          .map((block) => (block.type === "text" ? textIn(block, "text") : `[${textIn(block, "type")}]`))
          .join("\n");
  return cutText(text);
}

/** As much of a tool's output as an event keeps. */
export function cutText(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}… (${text.length} characters)` : text;
}
