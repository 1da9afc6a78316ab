import { createServer } from "node:net";

// Runs in a sandbox's network namespace and nowhere else: opens the gate's port on the loopback there, hands the listening
// socket to the keeper over the IPC channel and is done. Accepts nothing itself.
const server = createServer({ pauseOnConnect: true });
server.on("error", (error) => {
  process.send?.({ type: "failed", detail: error.message }, () => process.exit(1));
});
server.listen(Number(process.argv[2]), "127.0.0.1", 511, () => {
  process.send?.({ type: "listener" }, server, {}, () => process.exit(0));
});
