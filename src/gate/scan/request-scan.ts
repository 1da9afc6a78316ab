import type { Transform } from "node:stream";
import { decoderFor } from "./decoders.ts";
import type { BodyScan, Scanner } from "./scanner.ts";

/** What the look at a request's body has to say. */
export interface ScanListener {
  /** These bytes were looked at and may leave. */
  pass(bytes: Buffer): void;
  /** More bytes are welcome. Told only by a slow scan. */
  ready(): void;
  /** All of the body has passed. */
  passedAll(): void;
  found(credential: string): void;
  broken(reason: string): void;
}

const notAsSaid = "the body is not what its content-encoding says";

/** Looks through a request's body before it leaves; a compressed one is decoded for the look and leaves as it came. */
export class RequestScan {
  readonly #listener: ScanListener;
  readonly #scan: BodyScan;
  readonly #decodedScan: BodyScan;
  readonly #decoder: Transform | undefined;
  #decodedLeft: number;
  #held: Buffer | undefined;
  #isEnded = false;
  #isOver = false;

  constructor(scanner: Scanner, coding: string | undefined, decodedBytes: number, listener: ScanListener) {
    this.#listener = listener;
    this.#scan = scanner.startBody();
    this.#decodedScan = scanner.startBody();
    this.#decodedLeft = decodedBytes;
    this.#decoder = decoderFor(coding)?.start();
    this.#decoder?.on("data", (bytes: Buffer) => this.#decoded(bytes));
    this.#decoder?.on("error", () => this.#stop(() => listener.broken(notAsSaid)));
    this.#decoder?.on("end", () => this.#decodedAll());
  }

  /** Whether bytes pass only after a while: the agent should be paused until `ready`. */
  get isSlow(): boolean {
    return this.#decoder !== undefined;
  }

  feed(bytes: Buffer): void {
    if (this.#isOver) return;
    const found = this.#scan.feed(bytes);
    if (found !== undefined) this.#stop(() => this.#listener.found(found));
    else if (!this.#decoder) this.#listener.pass(bytes);
    else this.#decoder.write(bytes, () => this.#decodedPiece(bytes));
  }

  end(): void {
    if (this.#isOver) return;
    this.#isEnded = true;
    if (this.#decoder) this.#decoder.end();
    else this.#stop(() => this.#listener.passedAll());
  }

  /** Ends the look without a word. */
  stop(): void {
    this.#stop(() => {});
  }

  #decoded(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#decodedLeft -= bytes.length;
    if (this.#decodedLeft < 0) this.#stop(() => this.#listener.broken("the body unpacks to too much"));
    const found = this.#decodedScan.feed(bytes);
    if (found !== undefined) this.#stop(() => this.#listener.found(found));
  }

  // One piece is always held back, so that a body that ends badly is never whole upstream.
  #decodedPiece(bytes: Buffer): void {
    if (this.#isOver) return;
    const held = this.#held;
    this.#held = bytes;
    this.#listener.ready();
    if (held) this.#listener.pass(held);
  }

  #decodedAll(): void {
    if (this.#isOver) return;
    const held = this.#held;
    if (!this.#isEnded) this.#stop(() => this.#listener.broken(notAsSaid));
    else {
      if (held) this.#listener.pass(held);
      this.#stop(() => this.#listener.passedAll());
    }
  }

  #stop(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#decoder?.destroy();
    tell();
  }
}
