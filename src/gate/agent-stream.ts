import type { Socket } from "node:net";
import type { HeaderField } from "./http1/header-list.ts";
import type { AgentRequest } from "./http1/read-request.ts";

/** The head of an answer to the agent. Without a length the body's end is told by the framing of the HTTP version. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderField[];
  readonly length: number | undefined;
}

/** What the gate hears of one request while it answers it. */
export interface AgentListener {
  bodyData(bytes: Buffer): void;
  bodyEnd(): void;
  /** The rest of the body will never come, or is malformed. */
  bodyBroken(reason: string): void;
  /** The agent reads slower than we send: wait for `agentDrained`. */
  agentBlocked(): void;
  agentDrained(): void;
  /** The agent closed its sending half: it may still read. */
  agentHalfClosed(): void;
  agentGone(): void;
}

/** One request of the agent and the way to answer it, whatever the HTTP version. */
export interface AgentStream {
  readonly request: AgentRequest;
  listen(listener: AgentListener): void;
  /** Starts the flow of the request's body. */
  readBody(): void;
  pause(): void;
  resume(): void;
  sendContinue(): void;
  sendHead(head: AnswerHead): void;
  sendBody(bytes: Buffer): void;
  /** The answer is complete. What the agent still sends of this request is dropped. */
  end(): void;
  /** Passes on what was sent since the last flush, in one piece. */
  flush(): void;
  /** The answer cannot be completed: the agent must notice. */
  abort(): void;
  /** Takes the connection over after a 101; undefined where the HTTP version has no such thing. */
  detach(): { readonly socket: Socket; readonly rest: Buffer } | undefined;
}
