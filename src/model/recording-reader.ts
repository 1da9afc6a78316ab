import * as z from "zod";
import { Exchange } from "../spec/gate-protocol.ts";
import { RecordingHeader } from "../spec/recording.ts";
import type { Conversation, Message } from "./conversation.ts";
import { digestConversation } from "./digest-conversation.ts";
import { modelFailure } from "./errors.ts";
import { fillPlaces, mapTexts, type Places } from "./places.ts";
import { mapEvents } from "./recording-writer.ts";

const RecordedConversation = z.looseObject({
  continues: z.tuple([z.int().positive(), z.int().positive()]).optional(),
  messages: z.array(z.object({ role: z.string(), parts: z.array(z.unknown()) })),
});

/** A recording as this machine can replay it. */
export interface Recording {
  readonly header: RecordingHeader;
  readonly exchanges: readonly Exchange[];
}

/** Reads a recording's text and puts this run's places in; throws a Failure that names the line. */
export function readRecording(source: { readonly file: string; readonly text: string }, places: Places): Recording {
  const { file } = source;
  const lines = source.text.split("\n").map((text, n) => ({ text, number: n + 1 }));
  const [first, ...rest] = lines.filter(({ text }) => text.trim() !== "");
  if (!first) throw modelFailure("recording_invalid", { file, line: 1, reason: "the file is empty" });
  const header = readHeader(file, first);
  const conversations: (readonly Message[])[] = [];
  const exchanges = rest.map((line) => {
    const exchange = parseLine(file, line, Exchange);
    const { continues, ...own } = parseWith(file, line.number, exchange.request.body, RecordedConversation);
    const before = continues ? conversations[continues[0] - 1]?.slice(0, continues[1]) : [];
    if (before?.length !== (continues?.[1] ?? 0)) {
      throw modelFailure("recording_invalid", {
        file,
        line: line.number,
        reason: "continues a conversation that is not there",
      });
    }
    const messages = [...before, ...own.messages];
    conversations.push(messages);
    return placeExchange(exchange, { ...own, messages } as unknown as Conversation, places);
  });
  return { header, exchanges };
}

interface Line {
  readonly text: string;
  readonly number: number;
}

function readHeader(file: string, line: Line): RecordingHeader {
  const Any = z.looseObject({ caisson: z.literal("recording"), version: z.unknown() });
  const { version } = parseLine(file, line, Any);
  if (version !== 1) throw modelFailure("recording_version", { file, version: String(version) });
  return parseLine(file, line, RecordingHeader);
}

function placeExchange(exchange: Exchange, conversation: Conversation, places: Places): Exchange {
  const fill = (text: string) => fillPlaces(text, places);
  const body = mapTexts(conversation, fill);
  const { response } = exchange;
  const isStream = response.headers["content-type"]?.startsWith("text/event-stream") === true;
  return {
    ...exchange,
    // The recorded digest is of the recording machine's places.
    digest: digestConversation(body),
    request: { ...exchange.request, body },
    response: { ...response, body: isStream ? mapEvents(response.body, fill) : mapTexts(response.body, fill) },
  };
}

function parseLine<T extends z.ZodType>(file: string, line: Line, schema: T): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (cause) {
    throw modelFailure("recording_invalid", { file, line: line.number, reason: "this is not JSON" }, { cause });
  }
  return parseWith(file, line.number, value, schema);
}

function parseWith<T extends z.ZodType>(file: string, line: number, value: unknown, schema: T): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const reason = `${issue?.path.join(".") || "line"}: ${issue?.message}`;
  throw modelFailure("recording_invalid", { file, line, reason }, { cause: parsed.error });
}
