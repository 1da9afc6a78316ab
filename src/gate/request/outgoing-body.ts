import type { Framing } from "../http1/framing.ts";
import { RequestScan } from "../scan/request-scan.ts";
import type { Scanner } from "../scan/scanner.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";

/** What the sender of a body has to say. */
export interface OutgoingBodyListener {
  /** The upstream, or the look at the body, needs a pause. */
  slow(): void;
  ready(): void;
  passedAll(): void;
  found(credential: string): void;
  broken(reason: string): void;
}

/** Sends a request's head and, piece by piece as it passes the scan, its body. */
export class OutgoingBody {
  readonly #upstream: UpstreamConnection;
  readonly #listener: OutgoingBodyListener;
  readonly #isChunked: boolean;
  readonly #scan: RequestScan;
  /** The head waits for the first piece, so that both go out as one. */
  #head: Buffer | undefined;

  constructor(
    upstream: UpstreamConnection,
    request: { readonly head: Buffer; readonly framing: Framing; readonly coding: string | undefined },
    scan: { readonly scanner: Scanner; readonly decodedBytes: number },
    listener: OutgoingBodyListener,
  ) {
    this.#upstream = upstream;
    this.#listener = listener;
    this.#head = request.head;
    this.#isChunked = request.framing.kind === "chunked";
    this.#scan = new RequestScan(scan.scanner, request.coding, scan.decodedBytes, {
      pass: (bytes) => this.#pass(bytes),
      passedAll: () => this.#passAll(),
      ready: () => listener.ready(),
      found: (credential) => listener.found(credential),
      broken: (reason) => listener.broken(reason),
    });
  }

  feed(bytes: Buffer): void {
    if (this.#scan.isSlow) this.#listener.slow();
    this.#scan.feed(bytes);
  }

  end(): void {
    this.#scan.end();
  }

  /** Sends the head alone, when no piece came with it. */
  flush(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head) this.#upstream.write(head);
  }

  stop(): void {
    this.#scan.stop();
  }

  #pass(bytes: Buffer): void {
    const pieces = this.#isChunked ? [sizeLine(bytes.length), bytes, crlf] : [bytes];
    if (this.#head) pieces.unshift(this.#head);
    this.#head = undefined;
    const [only] = pieces;
    const isFree = this.#upstream.write(pieces.length === 1 && only ? only : Buffer.concat(pieces));
    if (!isFree) this.#listener.slow();
  }

  #passAll(): void {
    this.flush();
    if (this.#isChunked) this.#upstream.write(lastChunk);
    this.#listener.passedAll();
  }
}

const crlf = Buffer.from("\r\n", "latin1");
const lastChunk = Buffer.from("0\r\n\r\n", "latin1");
const sizeLine = (size: number): Buffer => Buffer.from(`${size.toString(16)}\r\n`, "latin1");
