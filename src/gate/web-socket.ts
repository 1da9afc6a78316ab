import type { Socket } from "node:net";
import type { Timed } from "./deadlines.ts";
import type { GateContext } from "./gate-context.ts";
import type { SandboxState } from "./sandbox-state.ts";
import { FrameScan } from "./scan/frame-scan.ts";
import type { Masker } from "./scan/masker.ts";

/** How a WebSocket ended. */
export interface WebSocketOutcome {
  readonly reason: string;
  readonly found: string | undefined;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

interface Side {
  readonly socket: Socket;
  /** What was read past the head. */
  readonly rest: Buffer;
}

/** Passes frames both ways, each side at the other's pace, looking through those of the agent. Ends both sides together. */
export function relayWebSocket(
  relay: {
    readonly context: GateContext;
    readonly sandbox: SandboxState;
    readonly agent: Side;
    readonly upstream: Side;
    readonly masker: Masker | undefined;
  },
  closed: (outcome: WebSocketOutcome) => void,
): void {
  const { context, agent, upstream } = relay;
  const { webSocketIdleMs } = context.limits;
  const frames = new FrameScan(relay.sandbox.scanner.startBody());
  const mask = relay.masker?.startBody();
  let requestBytes = 0;
  let responseBytes = 0;
  let isOver = false;
  const close = (reason: string, found?: string) => {
    if (isOver) return;
    isOver = true;
    context.deadlines.delete(timed);
    context.open.delete(shut);
    // What is on its way already may arrive, but only for so long.
    for (const { socket } of [agent, upstream]) {
      if (found === undefined) socket.end();
      setTimeout(() => socket.destroy(), found === undefined ? context.limits.lingerMs : 0).unref();
    }
    closed({ reason, found, requestBytes, responseBytes });
  };
  const timed: Timed = {
    deadline: performance.now() + webSocketIdleMs,
    expire: () => close("nothing moved for too long"),
  };
  const shut = { cut: (reason: string) => close(reason) };
  const fromAgent = (bytes: Buffer) => {
    if (isOver) return;
    timed.deadline = performance.now() + webSocketIdleMs;
    const seen = frames.feed(bytes);
    if (seen === "malformed") close("the agent sent malformed frames");
    else if (seen) close("placeholder", seen.found);
    else {
      requestBytes += bytes.length;
      if (!upstream.socket.write(bytes)) agent.socket.pause();
    }
  };
  const fromUpstream = (bytes: Buffer) => {
    if (isOver) return;
    timed.deadline = performance.now() + webSocketIdleMs;
    responseBytes += bytes.length;
    if (!agent.socket.write(mask ? mask.feed(bytes) : bytes)) upstream.socket.pause();
  };
  context.deadlines.add(timed);
  context.open.add(shut);
  wire(agent.socket, fromAgent, () => upstream.socket.resume(), close, "agent");
  wire(upstream.socket, fromUpstream, () => agent.socket.resume(), close, "upstream");
  if (agent.rest.length > 0) fromAgent(agent.rest);
  if (upstream.rest.length > 0) fromUpstream(upstream.rest);
}

function wire(
  socket: Socket,
  data: (bytes: Buffer) => void,
  drained: () => void,
  close: (reason: string) => void,
  side: string,
): void {
  socket.on("data", data);
  socket.on("drain", drained);
  socket.on("end", () => close(`by the ${side}`));
  socket.on("error", () => close(`the ${side}'s connection failed`));
  socket.on("close", () => close(`by the ${side}`));
  socket.resume();
}
