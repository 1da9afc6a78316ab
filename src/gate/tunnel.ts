import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Timed } from "./deadlines.ts";
import type { GateLimits } from "./limits.ts";

/** What a tunnel turns out to carry. `name` is the SNI of a TLS client, undefined when it sent none. */
export type TunnelOutcome =
  | { readonly kind: "tls"; readonly socket: TLSSocket; readonly name: string | undefined; readonly protocol: string }
  | { readonly kind: "plain"; readonly socket: Socket }
  | { readonly kind: "failed"; readonly reason: string; readonly hadBytes: boolean };

/** Finds out what an agent speaks inside a tunnel, and ends TLS here. Calls back once, in bounded time. */
export function openTunnel(
  bounds: { readonly limits: GateLimits; readonly deadlines: { add(timed: Timed): void; delete(timed: Timed): void } },
  socket: Socket,
  tls: { readonly context: () => SecureContext; readonly protocols: readonly string[] },
  done: (outcome: TunnelOutcome) => void,
): void {
  let isDone = false;
  let hadBytes = false;
  let ends: Socket = socket;
  const finish = (outcome: TunnelOutcome) => {
    if (isDone) return;
    isDone = true;
    bounds.deadlines.delete(timed);
    socket.off("close", closed);
    if (outcome.kind === "failed") ends.destroy();
    done(outcome);
  };
  const fail = (reason: string) => finish({ kind: "failed", reason, hadBytes });
  const closed = () => fail("the agent closed the tunnel");
  const timed: Timed = {
    deadline: performance.now() + bounds.limits.handshakeMs,
    expire: () => fail("nothing was said in time"),
  };
  bounds.deadlines.add(timed);
  socket.on("close", closed);
  socket.once("end", closed);
  socket.once("data", (first: Buffer) => {
    hadBytes = true;
    socket.pause();
    socket.off("end", closed);
    socket.unshift(first);
    const start = first[0] ?? 0;
    if (start === tlsHandshake) ends = endTls(socket, tls, finish, fail);
    else if (start >= 0x41 && start <= 0x5a) finish({ kind: "plain", socket });
    else fail("what came was neither TLS nor HTTP");
  });
  socket.resume();
}

const tlsHandshake = 0x16;

function endTls(
  socket: Socket,
  tls: { readonly context: () => SecureContext; readonly protocols: readonly string[] },
  finish: (outcome: TunnelOutcome) => void,
  fail: (reason: string) => void,
): TLSSocket {
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: tls.context(),
    ALPNProtocols: [...tls.protocols],
  });
  // Before the handshake is over errors come by this event alone.
  secure.on("_tlsError", (error: NodeJS.ErrnoException) => {
    fail(`the TLS handshake failed (${error.code ?? "unknown"})`);
    secure.destroy();
  });
  secure.on("error", () => fail("the TLS connection failed"));
  secure.once("close", () => fail("the agent closed the tunnel during the TLS handshake"));
  secure.once("secure", () => {
    // What `tls.Server` does for its own sockets; an HTTP/2 session waits for it.
    Object.assign(secure, { secureConnecting: false });
    const { servername, alpnProtocol } = secure as { servername?: string | false; alpnProtocol?: string | false };
    finish({ kind: "tls", socket: secure, name: servername || undefined, protocol: alpnProtocol || "http/1.1" });
  });
  return secure;
}
