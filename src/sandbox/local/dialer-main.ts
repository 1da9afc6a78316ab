import { connect, type Socket } from "node:net";

// Runs in a sandbox's network namespace: connects to its loopback when the keeper asks, and hands the connection out. It
// listens on nothing and reads nothing of what it connected to, so nothing inside can speak to it.

const connectMs = 15_000;

process.on("message", ({ dial, port }: { readonly dial: string; readonly port: number }) => {
  // Paused before it is connected: a byte that were read here would be lost to whoever gets it.
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).pause();
  const fail = (reason: string) => {
    socket.destroy();
    process.send?.({ type: "undialled", dial, reason });
  };
  socket.setTimeout(connectMs, () => fail("no answer in time"));
  socket.once("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "unreachable"));
  socket.once("connect", () => {
    socket.setTimeout(0);
    socket.removeAllListeners("error").on("error", () => {}); // It is not ours any more.
    // The bare handle: a `net.Socket` would be read from by each process that it passes through.
    const { _handle: handle } = socket as Socket & { readonly _handle: Socket };
    process.send?.({ type: "dialled", dial }, handle, {}, () => socket.destroy());
  });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ type: "ready" });
