import { parseEventStream, printEventStream, type StreamEvent } from "./event-stream.ts";

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where a delta event holds its piece of text: two events with the same place can be one. */
interface Piece {
  readonly place: string;
  readonly holder: Json;
  readonly field: string;
}

/**
 * A model's event stream with its runs of small deltas joined and its pings left out: the same answer, readable by a
 * person, and no word or path is cut in two.
 */
export function coalesceStream(text: string): string {
  const joined: { event: StreamEvent; json: unknown; piece: Piece | undefined }[] = [];
  for (const event of parseEventStream(text)) {
    const json = parse(event.data);
    if (isObject(json) && json.type === "ping") continue;
    const piece = isObject(json) ? pieceOf(json) : undefined;
    const last = joined.at(-1)?.piece;
    if (piece && last?.place === piece.place)
      last.holder[last.field] = `${last.holder[last.field]}${piece.holder[piece.field]}`;
    else joined.push({ event, json, piece });
  }
  return printEventStream(
    joined.map(({ event, json, piece }) => (piece ? { ...event, data: JSON.stringify(json) } : event)),
  );
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined; // `[DONE]`
  }
}

function pieceOf(json: Json): Piece | undefined {
  if (typeof json.delta === "string") {
    return { place: `${json.type} ${json.item_id} ${json.content_index}`, holder: json, field: "delta" };
  }
  const delta = json.type === "content_block_delta" ? json.delta : undefined;
  if (isObject(delta)) {
    const field = Object.keys(delta).find((key) => key !== "type" && typeof delta[key] === "string");
    return field === undefined || field === "signature"
      ? undefined
      : { place: `${json.index} ${field}`, holder: delta, field };
  }
  return Array.isArray(json.choices) ? chatPiece(json.choices) : undefined;
}

/** A chunk that holds one more piece of one choice's text, or of one tool call's arguments, and nothing else. */
function chatPiece(choices: readonly unknown[]): Piece | undefined {
  const choice: unknown = choices[0];
  if (choices.length !== 1 || !isObject(choice) || (choice.finish_reason ?? null) !== null) return undefined;
  if (!isObject(choice.delta)) return undefined;
  const entries = Object.entries(choice.delta).filter(([, value]) => value !== null);
  const [field, value] = entries[0] ?? [];
  if (entries.length !== 1 || field === undefined) return undefined;
  if (typeof value === "string") return { place: `${choice.index} ${field}`, holder: choice.delta, field };
  const call: unknown = Array.isArray(value) && value.length === 1 ? value[0] : undefined;
  if (!isObject(call) || call.id !== undefined || !isObject(call.function)) return undefined;
  return typeof call.function.arguments === "string" && call.function.name === undefined
    ? { place: `${choice.index} call ${call.index}`, holder: call.function, field: "arguments" }
    : undefined;
}
