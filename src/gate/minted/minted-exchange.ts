import type { AnswerHead } from "../agent-stream.ts";
import { firstValue, type HeaderField, valuesOf } from "../http1/header-list.ts";
import type { ResponseHead } from "../http1/parse-head.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import type { Refusal } from "../request/refusal.ts";
import type { SandboxState } from "../sandbox-state.ts";
import { decoderFor } from "../scan/decoders.ts";
import type { ExchangeAction } from "./minted-secrets.ts";
import { type Mint, swapText } from "./swap-text.ts";

/** An answer as the agent may have it, and how many secrets were exchanged in it. */
export interface SwappedAnswer {
  readonly head: AnswerHead;
  readonly body: Buffer;
  readonly count: number;
}

/** A token endpoint says little; more is none. */
const maxBytes = 1024 * 1024;

/**
 * One request on a route that exchanges minted secrets: its whole body, in which the agent's placeholders become secrets again, and
 * its whole answer, in which secrets become placeholders. What cannot be read does not pass.
 */
export class MintedExchange {
  readonly #sandbox: SandboxState;
  readonly #request: AgentRequest;
  readonly #action: ExchangeAction;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #held = 0;
  #head: ResponseHead | undefined;

  constructor(sandbox: SandboxState, request: AgentRequest, action: ExchangeAction) {
    this.#sandbox = sandbox;
    this.#request = request;
    this.#action = action;
  }

  /** Keeps a piece of the request's body, or later of the answer's; returns why it cannot. */
  collect(bytes: Buffer): Refusal | undefined {
    this.#bytes += bytes.length;
    if (this.#bytes > maxBytes) return refusal("it is too long to be looked through for minted secrets");
    const kept = bytes.length + pieceBytes;
    if (!this.#sandbox.held.take(kept)) return { rule: "model-memory", reason: "too much is held at once" };
    this.#held += kept;
    this.#pieces.push(Buffer.from(bytes));
    return undefined;
  }

  /** Nothing of it is kept any more. */
  release(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#sandbox.held.give(this.#held);
    this.#held = 0;
  }

  /** The request's body as it leaves; or whose placeholder is in it, out of its place; or why it cannot be read. */
  readRequest(): { readonly body: Buffer } | { readonly found: string } | Refusal {
    const { headers } = this.#request;
    const coding = firstValue(headers, "content-encoding");
    const whole = Buffer.concat(this.#pieces);
    this.release();
    if (coding !== undefined && !/^(?:identity)?$/i.test(coding.trim()))
      return refusal("its body is packed, and could not be looked through for placeholders");
    const { minted, scanner } = this.#sandbox;
    const text = whole.toString("latin1");
    const encode = encoderFor(firstValue(headers, "content-type") ?? "");
    // What is scanned is what the agent itself wrote, without the placeholders that are in their place here.
    const own = minted.redeem(text, this.#request, "text", () => "");
    const found = scanner.startBody().feed(Buffer.from(own, "latin1"));
    if (found !== undefined) return { found };
    return { body: Buffer.from(minted.redeem(text, this.#request, "text", encode), "latin1") };
  }

  /** Takes the answer's head; returns why the rest must not be waited for. */
  startAnswer(head: ResponseHead): Refusal | undefined {
    this.#head = head;
    if (head.status === 206) return refusal("it answered with a part, which cannot be looked through");
    const isMoved = head.status >= 300 && head.status < 400 && firstValue(head.headers, "location") !== undefined;
    return isMoved ? refusal("it answered with another address, which may hold a minted secret") : undefined;
  }

  /** The whole answer, exchanged. */
  readAnswer(): SwappedAnswer | Refusal {
    const head = this.#head;
    const packed = Buffer.concat(this.#pieces);
    this.release();
    if (!head) return refusal("it did not answer");
    const plain = unpack(packed, firstValue(head.headers, "content-encoding"));
    if (plain === undefined) return refusal("its answer cannot be unpacked, or unpacks to too much");
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain);
    } catch {
      return refusal("its answer is not text");
    }
    const mint: Mint = (secret, life) => this.#sandbox.mint(secret, this.#request, this.#action, life);
    const contentType = firstValue(head.headers, "content-type") ?? "";
    const swapped = swapText(text, contentType, this.#action.fields, mint);
    if ("unreadable" in swapped) return refusal(swapped.unreadable);
    const cookies = swapCookies(head, (value) => mint({ value, kind: "text" }, undefined));
    const body = Buffer.from(swapped.text, "utf8");
    const headers = [...head.headers.filter(({ name }) => harmless.has(name)), ...cookies];
    return {
      head: { status: head.status, reason: "", headers, length: body.length },
      body,
      count: swapped.count + cookies.length,
    };
  }
}

const pieceBytes = 256;

const refusal = (reason: string): Refusal => ({ rule: "exchange", reason });

// Headers that say nothing of a secret; a token may come in any other.
const harmless = new Set([
  "cache-control",
  "content-language",
  "content-type",
  "date",
  "docker-distribution-api-version",
  "expires",
  "pragma",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "www-authenticate",
]);

/** A session cookie is a secret that a server minted, too. */
function swapCookies({ headers }: ResponseHead, mint: (value: string) => string): readonly HeaderField[] {
  return valuesOf(headers, "set-cookie").flatMap((line): HeaderField[] => {
    const [, name = "", value = "", rest = ""] = /^([^=;\s]+)=([^;]*)(.*)$/.exec(line) ?? [];
    if (name === "") return [];
    const attributes = rest
      .split(";")
      .filter((part) => /^\s*(?:path|domain|expires|max-age|secure|httponly|samesite)\b/i.test(part));
    const kept = value.trim() === "" ? "" : mint(value.trim());
    return [{ name: "set-cookie", raw: "set-cookie", value: [`${name}=${kept}`, ...attributes].join(";") }];
  });
}

function unpack(bytes: Buffer, coding: string | undefined): Buffer | undefined {
  if (bytes.length === 0 || coding === undefined || /^(?:identity)?$/i.test(coding.trim())) return bytes;
  try {
    return decoderFor(coding)?.whole(bytes, { maxOutputLength: maxBytes });
  } catch {
    return undefined;
  }
}

/** How a secret is written into a request's body: as the body's own kind wants it. */
function encoderFor(contentType: string): (value: string) => string {
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return encodeURIComponent;
  return (value) => Buffer.from(JSON.stringify(value).slice(1, -1), "utf8").toString("latin1");
}
