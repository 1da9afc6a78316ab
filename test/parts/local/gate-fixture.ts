import { readdirSync, readFileSync } from "node:fs";
import type { Server } from "node:net";
import { networkInterfaces } from "node:os";

// Stands in for the gate: tells what it sees, then answers whoever connects to the listener that it is handed.
const status = readFileSync("/proc/self/status", "utf8");
const see = (path: string) => {
  try {
    return readdirSync(path).length > 0 ? "seen" : "empty";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};
const { createServer } = await import("node:net");
const unix = await new Promise((resolve) => {
  const server = createServer();
  server.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  server.listen("\0caisson-part", () => server.close(() => resolve("listens")));
});
console.log(
  JSON.stringify({
    environment: Object.keys(process.env).sort(),
    paths: Object.fromEntries(process.argv.slice(2).map((path) => [path, see(path)])),
    status: status.split("\n").filter((line) => /^(Cap|Seccomp:|NoNewPrivs)/.test(line)),
    processes: readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length,
    interfaces: Object.keys(networkInterfaces()).sort(),
    roots: readdirSync("/").sort(),
    resolver: readFileSync("/etc/resolv.conf", "utf8").length > 0,
    unix,
  }),
);
process.on("message", (_message, server: Server) => {
  server.on("connection", (socket) => socket.end("the gate answers\n"));
  process.send?.("listening");
});
process.stdin.on("end", () => process.exit(0)).resume();
