import type { Socket } from "node:net";
import type { AgentListener, AgentStream, AnswerHead } from "../agent-stream.ts";
import type { AgentRequest } from "./read-request.ts";

/** The connection that a stream answers on. It obeys the stream of its current request, and no other. */
export interface StreamConnection {
  /** Whether the whole request has been read, so that another can follow. */
  readonly isBodyDone: boolean;
  /** Drops what is left of a request's body when that is little and is there or soon will be. */
  canDropBody(): boolean;
  readBody(stream: AnswerStream): void;
  pause(stream: AnswerStream): void;
  resume(stream: AnswerStream): void;
  /** False when the agent reads slower than that. */
  write(stream: AnswerStream, bytes: Buffer): boolean;
  /** The answer is out. Goes on with the next request, or closes. */
  finish(stream: AnswerStream, keepAlive: boolean): void;
  abort(stream: AnswerStream): void;
  detach(stream: AnswerStream): { readonly socket: Socket; readonly rest: Buffer } | undefined;
}

/** One request and its answer, framed as HTTP/1.1, or as HTTP/1.0 for who speaks that. */
export class AnswerStream implements AgentStream {
  readonly request: AgentRequest;
  listener: AgentListener | undefined;
  readonly #connection: StreamConnection;
  #out: Buffer[] = [];
  #isChunked = false;
  #keepAlive: boolean;

  constructor(connection: StreamConnection, request: AgentRequest) {
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
