import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Timed } from "../deadlines.ts";
import type { ConnectionOwner } from "../http1/connection-owner.ts";
import { parseRequestHead } from "../http1/parse-head.ts";
import { type Entrance, readRequest } from "../http1/read-request.ts";
import { Http2AgentStream } from "./agent-stream.ts";
import { headText } from "./head-text.ts";

const maxStreams = 100;

/** Serves an agent that speaks HTTP/2 in its tunnel, where a route allows that; upstream its requests are HTTP/1.1. */
export async function serveHttp2(owner: ConnectionOwner, socket: Socket, entrance: Entrance): Promise<void> {
  // Few sandboxes need it, and it takes longer to load than the gate to start.
  const { performServerHandshake } = await import("node:http2");
  if (socket.destroyed) return;
  const session = performServerHandshake(socket, {
    settings: { maxConcurrentStreams: maxStreams, maxHeaderListSize: owner.limits.headBytes, enablePush: false },
    maxHeaderListPairs: owner.limits.headers,
  });
  const timed: Timed = { deadline: performance.now() + owner.limits.idleMs, expire: () => session.destroy() };
  let streams = 0;
  owner.deadlines.add(timed);
  session.on("error", () => session.destroy());
  session.on("close", () => owner.deadlines.delete(timed));
  session.on("stream", (stream, _headers, flags, rawHeaders) => {
    streams += 1;
    timed.deadline = Number.POSITIVE_INFINITY;
    stream.on("close", () => {
      streams -= 1;
      if (streams === 0) timed.deadline = performance.now() + owner.limits.idleMs;
    });
    // The last flag says that the stream ended with its head.
    serveStream(
      owner,
      session,
      stream,
      headText(rawHeaders as unknown as readonly string[], (flags & 1) === 1),
      entrance,
    );
  });
}

function serveStream(
  owner: ConnectionOwner,
  session: ServerHttp2Session,
  stream: ServerHttp2Stream,
  text: string | undefined,
  entrance: Entrance,
): void {
  stream.on("error", () => {});
  // One parser for both versions: what HTTP/1.1 would refuse is refused here too, and nothing else can go upstream.
  const head = text === undefined ? malformed : parseRequestHead(text, owner.limits.headers);
  const request =
    "malformed" in head ? ({ rule: "malformed", reason: head.malformed } as const) : readRequest(head, entrance);
  if (!("rule" in request)) {
    owner.request(new Http2AgentStream(stream, request));
    return;
  }
  const answer = owner.unread("malformed" in head ? undefined : head, request);
  stream.respond({ ":status": answer.status, "content-type": answer.contentType, "x-caisson-rule": request.rule });
  stream.end(answer.text);
  if (request.rule === "host-mismatch") session.close();
}

const malformed = { malformed: "a header holds characters that no header may have" };
