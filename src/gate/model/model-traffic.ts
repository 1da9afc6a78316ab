import { createMeter } from "../../model/meter.ts";
import { missAnswer } from "../../model/miss-answer.ts";
import { type ModelRequest, readModelRequest } from "../../model/model-request.ts";
import type { Replayer } from "../../model/replay.ts";
import type { Exchange, FromGate } from "../../spec/gate-protocol.ts";
import type { ModelApi } from "../../spec/policy.ts";
import { decoderFor } from "../scan/decoders.ts";
import type { Scanner } from "../scan/scanner.ts";

/** A model request read whole: what to send, what was redacted in it, and what it asks. */
export interface ReadModelBody {
  readonly body: Buffer;
  /** Whether the body was unpacked: its content-encoding no longer holds. */
  readonly isUnpacked: boolean;
  readonly redacted: readonly string[];
  readonly asked: ModelRequest | undefined;
}

/** Reads a model request's whole body: unpacked, without placeholders, asking for its token use. A text says what is wrong. */
export function readModelBody(
  scanner: Scanner,
  request: { readonly api: ModelApi; readonly path: string; readonly coding: string | undefined },
  bytes: Buffer,
  maxBytes: number,
): ReadModelBody | string {
  const decoder = decoderFor(request.coding);
  let plain = bytes;
  if (decoder && bytes.length > 0) {
    try {
      plain = decoder.whole(bytes, { maxOutputLength: maxBytes });
    } catch {
      return "the body is not what its content-encoding says, or unpacks to too much";
    }
  }
  const { body, found } = scanner.redact(plain);
  const asked = readModelRequest(request.api, request.path, body);
  return { body: asked ? asBuffer(asked.body) : body, isUnpacked: decoder !== undefined, redacted: found, asked };
}

/** The recorded answer to a model request, or the clear miss that its client gets instead. */
export function replayAnswer(
  replayer: Replayer,
  route: { readonly name: string; readonly api: ModelApi },
  asked: ModelRequest | undefined,
  line: string,
): { readonly response: Exchange["response"]; readonly missed?: { readonly model: string; readonly reason: string } } {
  // A CLI's small talk with its maker, such as its account's settings: it does without, and no prompt was missed.
  if (!asked) return { response: missAnswer(route.api, `${line} is not a request to a model`) };
  const key = { route: route.name, model: asked.model, digest: asked.digest };
  const exchange = replayer.answer(key);
  if (exchange) return { response: exchange.response };
  const reason = replayer.explainMiss(key);
  return { response: missAnswer(route.api, reason), missed: { model: asked.model, reason } };
}

/** Listens to the answer of one model request: its token use, and the whole of it where it is recorded. */
export class AnswerListener {
  readonly #meter: ReturnType<typeof createMeter>;
  readonly #kept: Buffer[] | undefined;
  #left: number;

  constructor(api: ModelApi, contentType: string, record: { readonly maxBytes: number } | undefined) {
    this.#meter = createMeter(api, contentType);
    this.#kept = record ? [] : undefined;
    this.#left = record?.maxBytes ?? 0;
  }

  write(bytes: Buffer): void {
    this.#meter.write(bytes);
    if (!this.#kept) return;
    this.#left -= bytes.length;
    if (this.#left >= 0) this.#kept.push(Buffer.from(bytes));
  }

  /** The usage event of the answer as far as it came; undefined when it states none. */
  usage(sandbox: string, route: string): FromGate | undefined {
    const read = this.#meter.end();
    return read && { type: "usage", sandbox, route, model: read.model, ...read.usage };
  }

  /** The answer's text; undefined when it is not kept or was too long to keep. */
  text(): string | undefined {
    return this.#kept && this.#left >= 0 ? Buffer.concat(this.#kept).toString("utf8") : undefined;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
