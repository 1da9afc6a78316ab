import type { Socket } from "node:net";
import type { Timed } from "../deadlines.ts";
import { AnswerStream, type StreamConnection } from "./answer-stream.ts";
import { BodyReader, type BodySink } from "./body-reader.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import { parseRequestHead, type RequestHead } from "./parse-head.ts";
import { type Entrance, readRequest } from "./read-request.ts";

const empty = Buffer.alloc(0);

/** Reads the requests of one agent connection, one after another, and lets each be answered before the next. */
export class AgentConnection implements Timed, BodySink, StreamConnection {
  deadline: number;
  readonly entrance: Entrance;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  #input: Buffer = empty;
  #stream: AnswerStream | undefined;
  #body: BodyReader | undefined;
  #isReadingBody = false;
  #isHalfClosed = false;
  #isClosed = false;
  #lingerBytes = 0;
  readonly #onData = (chunk: Buffer) => this.#receive(chunk);
  readonly #onDrain = () => this.#stream?.listener?.agentDrained();
  readonly #onEnd = () => this.#halfClose();
  readonly #onClose = () => this.#gone();

  constructor(owner: ConnectionOwner, socket: Socket, entrance: Entrance) {
    this.#owner = owner;
    this.#socket = socket;
    this.entrance = entrance;
    this.deadline = performance.now() + owner.limits.headMs;
    owner.deadlines.add(this);
    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("error", this.#onClose);
    // A socket that was looked into before it came here is paused.
    socket.resume();
  }

  expire(): void {
    this.#socket.destroy();
    this.#gone();
  }

  // --- input

  #receive(chunk: Buffer): void {
    if (this.#lingerBytes > 0) {
      this.#lingerBytes -= chunk.length;
      if (this.#lingerBytes <= 0) this.expire();
      return;
    }
    if (this.#body && this.#isReadingBody) {
      this.#readBody(chunk);
      return;
    }
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    if (this.#stream) {
      // The next request waits for this one's answer; the socket stays open to hear of a close, within a bound.
      if (this.#input.length > this.#owner.limits.headBytes) this.#socket.pause();
      return;
    }
    this.#readHead();
  }

  #readHead(): void {
    const input = this.#input;
    if (input.length === 0) return;
    const end = input.indexOf("\r\n\r\n", 0, "latin1");
    const { limits } = this.#owner;
    if (end < 0 || end > limits.headBytes) {
      const isBare = /(?:^|[^\r])\n/.test(input.toString("latin1", 0, 256));
      if (isBare) this.#refuseUnread(undefined, "a line ends without a carriage return");
      else if (end > limits.headBytes || input.length > limits.headBytes)
        this.#refuseUnread(undefined, "the head is too long");
      else if (this.deadline > performance.now() + limits.headMs) this.deadline = performance.now() + limits.headMs;
      return;
    }
    const head = parseRequestHead(input.toString("latin1", 0, end), limits.headers);
    const rest = input.length === end + 4 ? empty : input.subarray(end + 4);
    if ("malformed" in head) {
      this.#refuseUnread(undefined, head.malformed);
      return;
    }
    if (head.method === "CONNECT" && this.entrance.kind === "proxy") {
      this.#letGo();
      this.#owner.connect(head, this.#socket, rest);
      return;
    }
    const request = readRequest(head, this.entrance);
    if ("rule" in request) {
      this.#closeWith(this.#owner.unread(head, request).bytes);
      return;
    }
    this.#input = rest;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#stream = new AnswerStream(this, request);
    this.#body = new BodyReader(request.framing, "strict");
    this.#owner.request(this.#stream);
    this.#stream?.flush();
  }

  #refuseUnread(head: RequestHead | undefined, reason: string): void {
    this.#closeWith(this.#owner.unread(head, { rule: "malformed", reason }).bytes);
  }

  #readBody(chunk: Buffer): void {
    const body = this.#body;
    if (!body) return;
    const at = body.feed(chunk, 0, this);
    if (at < 0) this.#stream?.listener?.bodyBroken("the body is malformed");
    else if (body.isDone && at < chunk.length) this.#input = chunk.subarray(at);
  }

  data(bytes: Buffer): void {
    this.#stream?.listener?.bodyData(bytes);
  }

  end(): void {
    this.#isReadingBody = false;
    this.#stream?.listener?.bodyEnd();
  }

  #halfClose(): void {
    this.#isHalfClosed = true;
    if (!this.#stream) this.#close();
    else if (this.entrance.kind === "tunnel" && this.entrance.scheme === "https") {
      // No HTTP client closes half of its TLS: this one is gone, and its answer need not be paid for any longer.
      this.expire();
    } else if (this.#isReadingBody) this.#stream.listener?.bodyBroken("the agent closed before its end");
    else this.#stream.listener?.agentHalfClosed();
  }

  #gone(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#owner.deadlines.delete(this);
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.listener?.agentGone();
  }

  // --- for the stream

  readBody(stream: AnswerStream): void {
    if (this.#stream !== stream || this.#isReadingBody || !this.#body) return;
    this.#isReadingBody = true;
    const input = this.#input;
    this.#input = empty;
    this.#readBody(input);
    this.#socket.resume();
    if (this.#isHalfClosed && !this.#body?.isDone) stream.listener?.bodyBroken("the agent closed before its end");
  }

  pause(stream: AnswerStream): void {
    if (this.#stream === stream) this.#socket.pause();
  }

  resume(stream: AnswerStream): void {
    if (this.#stream === stream) this.#socket.resume();
  }

  write(stream: AnswerStream, bytes: Buffer): boolean {
    return this.#stream === stream ? this.#socket.write(bytes) : true;
  }

  finish(stream: AnswerStream, keepAlive: boolean): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    if (!keepAlive || this.#isHalfClosed || this.#body?.isDone !== true) {
      this.#close();
      return;
    }
    this.#body = undefined;
    this.deadline = performance.now() + this.#owner.limits.idleMs;
    this.#socket.resume();
    // Not from within the answer's own call: many piped requests would pile up on the stack.
    if (this.#input.length > 0) setImmediate(() => !this.#stream && !this.#isClosed && this.#readHead());
  }

  abort(stream: AnswerStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.expire();
  }

  detach(stream: AnswerStream): { readonly socket: Socket; readonly rest: Buffer } | undefined {
    if (this.#stream !== stream) return undefined;
    this.#stream = undefined;
    this.#letGo();
    return { socket: this.#socket, rest: this.#input };
  }

  get isBodyDone(): boolean {
    return this.#body?.isDone === true;
  }

  canDropBody(): boolean {
    const body = this.#body;
    if (!body || body.isDone) return true;
    const input = this.#input;
    this.#input = empty;
    const at = body.feed(input, 0, { data: () => {}, end: () => {} });
    if (at >= 0 && body.isDone) this.#input = input.subarray(at);
    return body.isDone;
  }

  // --- ends

  #closeWith(bytes: Buffer): void {
    this.#socket.write(bytes);
    this.#close();
  }

  /** Closes our half and reads on for a moment: data that nobody reads would reset the answer away. */
  #close(): void {
    const { lingerBytes, lingerMs, bodyIdleMs } = this.#owner.limits;
    this.#lingerBytes = lingerBytes;
    this.deadline = performance.now() + bodyIdleMs;
    this.#socket.end(() => {
      this.deadline = performance.now() + lingerMs;
    });
    this.#socket.resume();
  }

  #letGo(): void {
    this.#isClosed = true;
    this.#owner.deadlines.delete(this);
    this.#socket.off("data", this.#onData);
    this.#socket.off("drain", this.#onDrain);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onClose);
    // The error listener stays: an error that nobody hears would end the process.
  }
}
