import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { AgentListener, AgentStream, AnswerHead } from "../agent-stream.ts";
import type { AgentRequest } from "../http1/read-request.ts";

const cancel = 8;

/** One HTTP/2 stream of an agent as a request to answer. */
export class Http2AgentStream implements AgentStream {
  readonly request: AgentRequest;
  readonly #stream: ServerHttp2Stream;
  #listener: AgentListener | undefined;
  #isReading = false;
  #isFree = true;

  constructor(stream: ServerHttp2Stream, request: AgentRequest) {
    this.#stream = stream;
    this.request = request;
    stream.on("drain", () => {
      this.#isFree = true;
      this.#listener?.agentDrained();
    });
    stream.on("close", () => this.#take()?.agentGone());
  }

  listen(listener: AgentListener): void {
    this.#listener = listener;
  }

  readBody(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    // A body without a byte ends by itself, maybe before anybody asked for it.
    if (this.request.framing.kind === "none" || this.#stream.readableEnded) {
      this.#stream.resume();
      this.#listener?.bodyEnd();
      return;
    }
    this.#stream.on("data", (bytes: Buffer) => this.#listener?.bodyData(bytes));
    this.#stream.on("end", () => this.#listener?.bodyEnd());
    this.#stream.on("aborted", () => this.#listener?.bodyBroken("the agent closed before its end"));
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  sendContinue(): void {
    if (!this.#stream.destroyed) this.#stream.additionalHeaders({ ":status": 100 });
  }

  sendHead(head: AnswerHead): void {
    const headers: OutgoingHttpHeaders = { ":status": head.status };
    for (const { name, value } of head.headers) {
      const known = headers[name];
      headers[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [String(known)]), value];
    }
    if (head.length !== undefined && head.status !== 204) headers["content-length"] = head.length;
    try {
      if (!this.#stream.destroyed) this.#stream.respond(headers);
    } catch {
      // An answer whose headers HTTP/2 cannot say: the agent hears that there is none.
      this.#stream.close(cancel);
    }
  }

  sendBody(bytes: Buffer): void {
    if (this.#canWrite && !this.#stream.write(bytes)) this.#isFree = false;
  }

  end(): void {
    this.#take();
    if (!this.#canWrite) return;
    this.#stream.end();
    // The rest of a request that was answered early is not waited for.
    if (this.#stream.readableFlowing !== true) this.#stream.resume();
  }

  flush(): void {
    if (!this.#isFree) this.#listener?.agentBlocked();
  }

  abort(): void {
    this.#take();
    this.#stream.close(cancel);
  }

  detach(): undefined {
    return undefined;
  }

  get #canWrite(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed && !this.#stream.writableEnded;
  }

  #take(): AgentListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    return listener;
  }
}
