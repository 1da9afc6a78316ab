import type { Socket } from "node:net";
import type { AgentListener, AgentStream, AnswerHead } from "../agent-stream.ts";
import type { Deadlines, Timed } from "../deadlines.ts";
import type { GateLimits } from "../limits.ts";
import { BodyReader, type BodySink } from "./body-reader.ts";
import { parseRequestHead, type RequestHead } from "./parse-head.ts";
import { type AgentRequest, type Entrance, readRequest, type UnreadRequest } from "./read-request.ts";

/** The answer to a request that could not be read; `bytes` is the whole of it in HTTP/1.1, after which the connection closes. */
export interface UnreadAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly bytes: Buffer;
}

/** What a connection hands its requests to. */
export interface ConnectionOwner {
  readonly limits: GateLimits;
  readonly deadlines: Deadlines;
  request(stream: AgentStream): void;
  /** A CONNECT on the proxy's listener; the connection has let go of its socket. `rest` came behind the head. */
  connect(head: RequestHead, socket: Socket, rest: Buffer): void;
  /** A request that could not be read: tells of it, and returns how it is answered. */
  unread(head: RequestHead | undefined, why: UnreadRequest): UnreadAnswer;
}

const empty = Buffer.alloc(0);

/** Reads the requests of one agent connection, one after another, and frames the answers. */
export class AgentConnection implements Timed, BodySink {
  deadline: number;
  readonly entrance: Entrance;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  #input: Buffer = empty;
  #stream: Http1Stream | undefined;
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
    this.#stream = new Http1Stream(this, request);
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

  readBody(stream: Http1Stream): void {
    if (this.#stream !== stream || this.#isReadingBody || !this.#body) return;
    this.#isReadingBody = true;
    const input = this.#input;
    this.#input = empty;
    this.#readBody(input);
    this.#socket.resume();
    if (this.#isHalfClosed && !this.#body?.isDone) stream.listener?.bodyBroken("the agent closed before its end");
  }

  pause(stream: Http1Stream): void {
    if (this.#stream === stream) this.#socket.pause();
  }

  resume(stream: Http1Stream): void {
    if (this.#stream === stream) this.#socket.resume();
  }

  write(stream: Http1Stream, bytes: Buffer): boolean {
    return this.#stream === stream ? this.#socket.write(bytes) : true;
  }

  /** The answer is out. Goes on with the next request, or closes. */
  finish(stream: Http1Stream, keepAlive: boolean): void {
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

  abort(stream: Http1Stream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.expire();
  }

  detach(stream: Http1Stream): { readonly socket: Socket; readonly rest: Buffer } | undefined {
    if (this.#stream !== stream) return undefined;
    this.#stream = undefined;
    this.#letGo();
    return { socket: this.#socket, rest: this.#input };
  }

  /** Whether the whole request has been read, so that another can follow. */
  get isBodyDone(): boolean {
    return this.#body?.isDone === true;
  }

  /** Drops what is left of a request's body when that is little and is there or soon will be. */
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

class Http1Stream implements AgentStream {
  readonly request: AgentRequest;
  listener: AgentListener | undefined;
  readonly #connection: AgentConnection;
  #out: Buffer[] = [];
  #isChunked = false;
  #keepAlive: boolean;

  constructor(connection: AgentConnection, request: AgentRequest) {
    this.#connection = connection;
    this.request = request;
    this.#keepAlive = request.keepAlive;
  }

  listen(listener: AgentListener): void {
    this.listener = listener;
  }

  readBody(): void {
    this.#connection.readBody(this);
  }

  pause(): void {
    this.#connection.pause(this);
  }

  resume(): void {
    this.#connection.resume(this);
  }

  sendContinue(): void {
    this.#connection.write(this, Buffer.from("HTTP/1.1 100 Continue\r\n\r\n", "latin1"));
  }

  sendHead(head: AnswerHead): void {
    const { method } = this.request;
    if (!this.#connection.isBodyDone && !this.#connection.canDropBody()) this.#keepAlive = false;
    let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`;
    for (const { raw, value } of head.headers) text += `${raw}: ${value}\r\n`;
    const hasBody = method !== "HEAD" && head.status !== 204 && head.status !== 304 && head.status >= 200;
    if (head.length !== undefined && head.status !== 204 && head.status >= 200) {
      if (hasBody || head.length > 0) text += `content-length: ${head.length}\r\n`;
    } else if (hasBody) {
      // HTTP/1.0 knows no chunks: there the end of the connection ends the body.
      if (this.request.isHttp11) {
        this.#isChunked = true;
        text += "transfer-encoding: chunked\r\n";
      } else this.#keepAlive = false;
    }
    if (head.status !== 101 && !this.#keepAlive) text += "connection: close\r\n";
    this.#out.push(Buffer.from(`${text}\r\n`, "latin1"));
  }

  sendBody(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#isChunked) {
      this.#out.push(Buffer.from(`${bytes.length.toString(16)}\r\n`, "latin1"), bytes, crlf);
    } else this.#out.push(bytes);
  }

  end(): void {
    if (this.#isChunked) this.#out.push(lastChunk);
    this.#write();
    this.listener = undefined;
    this.#connection.finish(this, this.#keepAlive);
  }

  flush(): void {
    if (!this.#write()) this.listener?.agentBlocked();
  }

  abort(): void {
    this.listener = undefined;
    this.#connection.abort(this);
  }

  detach(): { readonly socket: Socket; readonly rest: Buffer } | undefined {
    this.#write();
    this.listener = undefined;
    return this.#connection.detach(this);
  }

  #write(): boolean {
    const out = this.#out;
    if (out.length === 0) return true;
    this.#out = [];
    const [only] = out;
    return this.#connection.write(this, out.length === 1 && only ? only : Buffer.concat(out));
  }
}

const crlf = Buffer.from("\r\n", "latin1");
const lastChunk = Buffer.from("0\r\n\r\n", "latin1");
