import type { Transform } from "node:stream";
import { decoderFor } from "../scan/decoders.ts";
import type { BodyMask, Masker } from "../scan/masker.ts";

/** Where an answer's body goes once it was looked through. */
export interface AnswerBodyListener {
  /** Bytes for the agent. `isLate` = not from within `feed`, so that nobody else will flush them. */
  pass(bytes: Buffer, isLate: boolean): void;
  passedAll(): void;
  broken(reason: string): void;
  slow(): void;
  ready(): void;
}

/** How the body of an answer can be looked through for an echoed credential; a text says why it cannot. */
export type AnswerCoding = "plain" | "decoded" | { readonly unreadable: string };

/** What a content coding means for an answer that has to be masked. */
export function answerCoding(coding: string | undefined): AnswerCoding {
  if (coding === undefined || /^(?:identity)?$/i.test(coding.trim())) return "plain";
  if (decoderFor(coding)) return "decoded";
  return { unreadable: "the upstream answered in a coding that the gate cannot look through" };
}

/** Masks an answer's body on its way. A compressed one, which was not asked for, is unpacked first and goes on unpacked. */
export class AnswerBody {
  readonly #listener: AnswerBodyListener;
  readonly #mask: BodyMask | undefined;
  readonly #decoder: Transform | undefined;
  #isOver = false;

  constructor(masker: Masker | undefined, coding: string | undefined, listener: AnswerBodyListener) {
    this.#listener = listener;
    this.#mask = masker?.startBody();
    this.#decoder = masker ? decoderFor(coding)?.start() : undefined;
    this.#decoder?.on("data", (bytes: Buffer) => this.#pass(bytes, true));
    this.#decoder?.on("drain", () => listener.ready());
    this.#decoder?.on(
      "error",
      () => !this.#isOver && listener.broken("its body is not what its content-encoding says"),
    );
    this.#decoder?.on("end", () => this.#passAll());
  }

  feed(bytes: Buffer): void {
    if (!this.#decoder) this.#pass(bytes, false);
    else if (!this.#decoder.write(bytes)) this.#listener.slow();
  }

  end(): void {
    if (this.#decoder) this.#decoder.end();
    else this.#passAll();
  }

  /** The agent does not keep up; what was unpacked waits too. */
  pause(): void {
    this.#decoder?.pause();
  }

  resume(): void {
    this.#decoder?.resume();
  }

  stop(): void {
    this.#isOver = true;
    this.#decoder?.destroy();
  }

  #pass(bytes: Buffer, isLate: boolean): void {
    if (this.#isOver) return;
    const masked = this.#mask ? this.#mask.feed(bytes) : bytes;
    if (masked.length > 0) this.#listener.pass(masked, isLate);
  }

  #passAll(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const rest = this.#mask?.end();
    if (rest && rest.length > 0) this.#listener.pass(rest, false);
    this.#listener.passedAll();
  }
}
