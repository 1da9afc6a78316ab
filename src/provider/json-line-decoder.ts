import { createBoundedLines, type StreamLine } from "../model/bounded-lines.ts";
import type { RunEventDraft } from "../spec/events.ts";
import type { Decoder } from "./provider.ts";

/** One JSON object of a CLI's stream. */
export type StreamObject = Readonly<Record<string, unknown>>;

/** Characters of a tool's output that an event keeps: the whole is in the CLI's own log. */
const longestText = 64 * 1024;

/**
 * A decoder for a CLI that prints one JSON object a line, LF only. `read` turns one object into events; what is no JSON is
 * passed as output. Never throws, whatever the bytes; a line of over 1 MiB is named and left out.
 */
export function createJsonLineDecoder(
  cli: string,
  read: (object: StreamObject) => readonly RunEventDraft[],
  atEnd: () => readonly RunEventDraft[] = () => [],
): Decoder {
  const lines = createBoundedLines();
  const readLine = (line: StreamLine): readonly RunEventDraft[] => {
    if (!("whole" in line))
      return [{ event: "error_reported", message: `${cli} wrote a line of over 1 MiB: left out` }];
    const text = line.whole.replace(/\r$/, "");
    if (text === "") return [];
    const object = parseObject(text);
    return object ? read(object) : [{ event: "output_produced", stream: "stdout", text: `${text}\n` }];
  };
  return {
    decode: (bytes) => lines.write(bytes).flatMap(readLine),
    end: () => [...lines.end().flatMap(readLine), ...atEnd()],
  };
}

/** One line as an object; undefined when it is none. */
export function parseObject(text: string): StreamObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
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
