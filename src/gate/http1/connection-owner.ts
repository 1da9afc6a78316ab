import type { Socket } from "node:net";
import type { AgentStream } from "../agent-stream.ts";
import type { Deadlines } from "../deadlines.ts";
import type { GateLimits } from "../limits.ts";
import type { RequestHead } from "./parse-head.ts";
import type { UnreadRequest } from "./read-request.ts";

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
