import type { Exchange } from "../spec/gate-protocol.ts";
import type { RecordingHeader } from "../spec/recording.ts";
import { coalesceStream } from "./coalesce-stream.ts";
import type { Conversation } from "./conversation.ts";
import { parseEventStream, printEventStream } from "./event-stream.ts";
import { mapTexts, markPlaces, type Places } from "./places.ts";

/** A new recording's first line. */
export function printRecordingHeader(header: Omit<RecordingHeader, "caisson" | "version">): string {
  return `${JSON.stringify({ caisson: "recording", version: 1, ...header } satisfies RecordingHeader)}\n`;
}

/** How many earlier conversations a new one is compared with: side calls come in between. */
const remembered = 8;

/**
 * Prints exchanges as lines of one recording. A conversation that goes on from an earlier one is written as
 * `continues: [exchange, messages]` and what is new, so that a long run's file stays readable. Holds no place of this machine.
 */
export function createRecordingWriter(places: Places): (exchange: Exchange) => string {
  const earlier: { readonly number: number; readonly messages: readonly string[] }[] = [];
  let number = 0;
  return (exchange) => {
    number += 1;
    const mark = (text: string) => markPlaces(text, places);
    const conversation = mapTexts(exchange.request.body as Conversation, mark);
    const messages = conversation.messages.map((message) => JSON.stringify(message));
    const from = earlier
      .map((known) => ({ number: known.number, same: countSame(known.messages, messages) }))
      .reduce((best, next) => (next.same > best.same ? next : best), { number: 0, same: 0 });
    earlier.unshift({ number, messages });
    earlier.length = Math.min(earlier.length, remembered);
    const { messages: _all, ...rest } = conversation;
    const continues = from.same > 0 ? { continues: [from.number, from.same] } : {};
    const body = { ...rest, ...continues, messages: conversation.messages.slice(from.same) };
    const { status, headers } = exchange.response;
    const contentType = headers["content-type"] ?? "application/json";
    const response = { status, headers: { "content-type": contentType }, body: markBody(exchange.response.body, mark) };
    return `${JSON.stringify({ ...exchange, request: { ...exchange.request, body }, response })}\n`;
  };
}

function countSame(known: readonly string[], messages: readonly string[]): number {
  const differs = messages.findIndex((message, n) => message !== known[n]);
  return differs < 0 ? messages.length : differs;
}

function markBody(body: string, mark: (text: string) => string): string {
  if (!/^(event|data|id|retry|):/m.test(body)) return mapTexts(body, mark);
  return mapEvents(coalesceStream(body), mark);
}

/** Applies `change` to the texts within the events of a stream. */
export function mapEvents(stream: string, change: (text: string) => string): string {
  return printEventStream(parseEventStream(stream).map((event) => ({ ...event, data: mapTexts(event.data, change) })));
}
