import { lookup } from "node:dns/promises";
import { fstatSync, writeSync } from "node:fs";
import { Server, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { FromGate, ListenerMessage } from "../spec/gate-protocol.ts";
import { parseMessage } from "./channel/parse-message.ts";
import { createLineReader } from "./channel/read-lines.ts";
import { createLineWriter } from "./channel/write-lines.ts";
import { createGate } from "./gate.ts";
import { gateLimits } from "./limits.ts";

// The gate's process. Said to be ready before the schemas are loaded: a keeper has its first messages ready, and the load
// runs while they are on their way.

const maxLineBytes = 256 * 1024 ** 2;

// Standard output as Node gives it blocks on a pipe; this one waits without blocking.
const stdout =
  fstatSync(1).isFIFO() || fstatSync(1).isSocket() ? new Socket({ fd: 1, readable: false }) : process.stdout;
const writer = createLineWriter(stdout);
const send = (message: FromGate) => writer.send(message);
stdout.write(`${JSON.stringify({ type: "ready", protocol: 1 } satisfies FromGate)}\n`);
const schemas = import("../spec/gate-protocol.ts");

const gate = createGate(
  {
    send,
    isCongested: () => writer.isCongested,
    whenClear: (callback) => writer.whenClear(callback),
    clock: Date,
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    ownAddresses: () =>
      Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .map(({ address }) => address),
  },
  gateLimits,
);

// Dead keeper, dead gate: nothing leaves without somebody to answer for it.
function shut(reason: string): never {
  gate.close(reason);
  try {
    writeSync(1, writer.takeRest());
  } catch {
    // The keeper does not read any more.
  }
  process.exit(0);
}

// A bug ends the gate, and so everything: it fails closed. The stack names places in our code, the message might hold more.
process.on("uncaughtException", (error) => {
  const places = error instanceof Error ? (error.stack ?? "").split("\n    at ").slice(1, 8).join(" < ") : "";
  send({ type: "fault", message: `bug: ${error instanceof Error ? error.name : "thrown"} at ${places}` });
  shut("the gate failed");
});

const read = createLineReader(maxLineBytes, (line) => {
  void schemas.then(({ ToGate }) => {
    if (line === undefined) {
      send({ type: "fault", message: "a line on the control channel is too long" });
      return;
    }
    if (line.trim() === "") return;
    const parsed = parseMessage(ToGate, line);
    if ("fault" in parsed) send({ type: "fault", message: parsed.fault });
    else if ("rejected" in parsed) send({ type: "rejected", ...parsed.rejected });
    else {
      gate.handle(parsed.message);
      if (parsed.message.type === "kill" && parsed.message.sandbox === undefined) shut("the gate was shut");
    }
  });
});
process.stdin.on("data", read);
process.stdin.on("end", () => shut("the keeper is gone"));
process.stdin.on("error", () => shut("the keeper is gone"));
stdout.on("error", () => shut("the keeper is gone"));
process.on("disconnect", () => shut("the keeper is gone"));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => shut(`the gate got ${signal}`));

process.on("message", (message: ListenerMessage, handle) => {
  if (message?.type === "listener" && typeof message.sandbox === "string" && handle instanceof Server) {
    gate.addListener(message.sandbox, handle);
    const address = handle.address();
    const place = typeof address === "object" && address !== null ? address : { address: "", port: 0 };
    send({ type: "listening", sandbox: message.sandbox, host: place.address, port: place.port });
  } else send({ type: "fault", message: "an IPC message is not a listener" });
});
