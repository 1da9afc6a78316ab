import type { Socket } from "node:net";
import type { Timed } from "../deadlines.ts";
import { BodyReader, type BodySink } from "../http1/body-reader.ts";
import { readResponseFraming } from "../http1/framing.ts";
import { firstValue, valuesOf } from "../http1/header-list.ts";
import { parseResponseHead, type ResponseHead } from "../http1/parse-head.ts";

/** What one request hears of its upstream connection. After `end` or `failed` it hears nothing more. */
export interface UpstreamListener extends BodySink {
  /**
   * The answer's head, the length of its body where that is known, and what came behind it. Returns whether the rest is
   * to be read as HTTP; false = the listener has detached the connection (a protocol switch) or given it up.
   */
  head(head: ResponseHead, length: number | undefined, rest: Buffer): boolean;
  failed(reason: string): void;
  /** The upstream takes more of the request. */
  upstreamDrained(): void;
  /** All that came in one piece was handed over: the moment to pass it on in one piece. */
  pieceDone(): void;
}

/** They are kept until the answer comes, so that there must not be any number of them. */
const maxInterim = 32;

/** One HTTP/1.1 connection to an upstream; carries one request at a time and goes back to its pool between two. */
export class UpstreamConnection implements Timed {
  readonly socket: Socket;
  readonly address: string;
  /** Set while it is idle: a connection that nobody needs is not kept for ever. */
  deadline = Number.POSITIVE_INFINITY;
  idleSince = 0;
  /** When the upstream said it would close it; milliseconds after `idleSince`. */
  keepMs: number;
  isUsed = false;
  readonly #maxHeaders: number;
  readonly #maxHead: number;
  #listener: UpstreamListener | undefined;
  #method = "";
  #interim = 0;
  #buffer: Buffer | undefined;
  #body: BodyReader | undefined;
  #keepAlive = false;
  #requestEnded = false;
  #closed = false;
  /** Called when a request is over and the connection may carry another, or when it closed while idle. */
  onFree: (connection: UpstreamConnection, isReusable: boolean) => void = () => {};

  constructor(socket: Socket, address: string, bounds: { headers: number; headBytes: number; idleUpstreamMs: number }) {
    this.socket = socket;
    this.address = address;
    this.#maxHeaders = bounds.headers;
    this.#maxHead = bounds.headBytes;
    this.keepMs = bounds.idleUpstreamMs;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("drain", () => this.#listener?.upstreamDrained());
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error: NodeJS.ErrnoException) => this.#close(error.code ?? "failed"));
    socket.on("close", () => this.#close("closed"));
  }

  expire(): void {
    this.#close("idle for too long");
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  /** Starts a request; its bytes are then written with `write`, and `finishRequest` says that all are. */
  begin(method: string, listener: UpstreamListener): void {
    this.#listener = listener;
    this.#interim = 0;
    this.#method = method;
    this.#body = undefined;
    this.#requestEnded = false;
  }

  /** Whether this listener's request is still under way. */
  isBusyFor(listener: UpstreamListener): boolean {
    return this.#listener === listener;
  }

  write(bytes: Buffer): boolean {
    return this.socket.write(bytes);
  }

  finishRequest(): void {
    this.#requestEnded = true;
  }

  /** Ends the current request without its answer; the connection is of no more use. */
  abort(): void {
    this.#listener = undefined;
    this.#close("aborted");
  }

  /** Hands the socket to a protocol switch; the connection itself hears nothing of it any more. */
  detach(): Socket {
    this.#listener = undefined;
    this.#closed = true;
    for (const event of ["data", "drain", "end"]) this.socket.removeAllListeners(event);
    return this.socket;
  }

  #onData(chunk: Buffer): void {
    if (!this.#listener) {
      this.#close("spoke out of turn");
      return;
    }
    const listener = this.#listener;
    if (this.#body) this.#readBody(chunk, 0);
    else this.#onHeadBytes(this.#buffer ? Buffer.concat([this.#buffer, chunk]) : chunk);
    listener.pieceDone();
  }

  #onHeadBytes(bytes: Buffer): void {
    const at = this.#readHead(bytes);
    this.#buffer = at < 0 ? bytes : undefined;
    if (this.#body) this.#readBody(bytes, at);
  }

  /** Returns where the head ended, or -1 when it has not. */
  #readHead(bytes: Buffer): number {
    for (let start = 0; ; ) {
      const end = bytes.indexOf("\r\n\r\n", start, "latin1");
      if (end < 0) {
        if (bytes.length - start > this.#maxHead) this.#close("its answer's head is too long");
        return -1;
      }
      const head = parseResponseHead(bytes.toString("latin1", start, end), this.#maxHeaders);
      if ("malformed" in head) {
        this.#close(`its answer is malformed: ${head.malformed}`);
        return -1;
      }
      start = end + 4;
      // Interim answers concern the hop to us: the agent was told to continue by the gate itself.
      if (head.status < 200 && head.status !== 101) {
        this.#interim += 1;
        if (this.#interim <= maxInterim) continue;
        this.#close("it sends interim answers without end");
        return -1;
      }
      this.#takeHead(head, bytes.subarray(start));
      return start;
    }
  }

  #takeHead(head: ResponseHead, rest: Buffer): void {
    const framing = readResponseFraming(head, this.#method);
    if ("malformed" in framing) {
      this.#close(`its answer is malformed: ${framing.malformed}`);
      return;
    }
    const connection = valuesOf(head.headers, "connection").join(",").toLowerCase();
    this.#keepAlive = framing.kind !== "close" && !connection.includes("close") && head.minor === 1;
    const told = /timeout=(\d{1,6})/.exec(firstValue(head.headers, "keep-alive") ?? "")?.[1];
    if (told !== undefined) this.keepMs = Math.min(this.keepMs, Math.max(0, Number(told) * 1_000 - 1_000));
    const length = framing.kind === "length" ? framing.length : framing.kind === "none" ? 0 : undefined;
    if (this.#listener?.head(head, length, rest)) this.#body = new BodyReader(framing, "tolerant");
  }

  #readBody(bytes: Buffer, from: number): void {
    const body = this.#body;
    const listener = this.#listener;
    if (!body || !listener) return;
    const at = body.feed(bytes, from, { data: (data) => this.#listener?.data(data), end: () => {} });
    if (at < 0) this.#close("its answer's body is malformed");
    else if (body.isDone) this.#finish(at === bytes.length);
  }

  #finish(isClean: boolean): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#body = undefined;
    this.#buffer = undefined;
    this.isUsed = true;
    const isReusable = this.#keepAlive && isClean && this.#requestEnded && !this.#closed;
    // Freed first: the next request of the same agent may come from within `end`.
    this.onFree(this, isReusable);
    if (!isReusable) this.#close("done");
    listener?.end();
  }

  #onEnd(): void {
    if (this.#body?.isUntilClose) this.#finish(true);
    else this.#close("closed by the upstream");
  }

  #close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const listener = this.#listener;
    this.#listener = undefined;
    this.socket.destroy();
    if (listener) listener.failed(reason);
    else this.onFree(this, false);
  }
}
