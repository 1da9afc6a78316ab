import { fstatSync, writeSync } from "node:fs";
import { type BoundSocket, Server, Socket } from "node:net";
import type { DialledMessage, FromGate, ListenerMessage } from "../spec/gate-protocol.ts";
import { createLineReader } from "./channel/read-lines.ts";
import { createLineWriter } from "./channel/write-lines.ts";

// The gate's process. It says that it is ready before the rest of it is loaded: a keeper has its first messages
// written by then, and they wait in the pipe for as long as the load takes.

const maxLineBytes = 256 * 1024 ** 2;

// Standard output as Node gives it blocks on a pipe; this one waits without blocking.
const out = fstatSync(1);
const stdout = out.isFIFO() || out.isSocket() ? new Socket({ fd: 1, readable: false }) : process.stdout;
const writer = createLineWriter(stdout);
const send = (message: FromGate) => writer.send(message);
stdout.write(`${JSON.stringify({ type: "ready", protocol: 1 } satisfies FromGate)}\n`);

const loaded = Promise.all([import("./start-gate.ts"), import("./channel/parse-message.ts")]).then(
  ([{ startGate }, { parseMessage }]) => ({ gate: startGate(writer), parseMessage }),
);
// Also of use to `shut`, which cannot wait.
let closeGate: (reason: string) => void = () => {};
void loaded.then(({ gate }) => {
  closeGate = (reason) => gate.close(reason);
});

// Dead keeper, dead gate: nothing leaves without somebody to answer for it.
function shut(reason: string): never {
  closeGate(reason);
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
  void loaded.then(({ gate, parseMessage }) => {
    if (line === undefined) {
      send({ type: "fault", message: "a line on the control channel is too long" });
      return;
    }
    if (line.trim() === "") return;
    const parsed = parseMessage(line);
    if ("fault" in parsed) send({ type: "fault", message: parsed.fault });
    else if ("rejected" in parsed) send({ type: "rejected", ...parsed.rejected });
    else {
      gate.handle(parsed.message);
      if (parsed.message.type === "kill" && parsed.message.sandbox === undefined) shut("the gate was shut");
    }
  });
});
process.stdin.on("data", read);
// In a container the channel may break without an end: then the signs of life stay away that a keeper sends on it.
const silenceSeconds = Number(process.env.CAISSON_GATE_SILENCE_SECONDS ?? 0);
if (silenceSeconds > 0) {
  const silence = setTimeout(() => shut("the keeper is not heard of"), silenceSeconds * 1000);
  process.stdin.on("data", () => void silence.refresh());
}
process.stdin.on("end", () => shut("the keeper is gone"));
process.stdin.on("error", () => shut("the keeper is gone"));
stdout.on("error", () => shut("the keeper is gone"));
process.on("disconnect", () => shut("the keeper is gone"));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => shut(`the gate got ${signal}`));

process.on("message", (message: ListenerMessage | DialledMessage, handle) => {
  void loaded.then(({ gate }) => {
    if (message?.type === "dialled") {
      // A bare handle: a socket that passed through the keeper as one would have been read from there.
      const options = { handle: handle as unknown as BoundSocket, allowHalfOpen: true };
      const inner = handle === undefined ? undefined : new Socket(options);
      if (inner) gate.addDialled(message.sandbox, message.dial, inner);
      else send({ type: "fault", message: "a dialled connection came without its socket" });
    } else if (message?.type === "listener" && typeof message.sandbox === "string" && handle instanceof Server) {
      gate.addListener(message.sandbox, handle);
      // The keeper starts the agent when it hears this.
      const address = handle.address();
      const place = typeof address === "object" && address !== null ? address : { address: "", port: 0 };
      send({ type: "listening", sandbox: message.sandbox, host: place.address, port: place.port });
    } else send({ type: "fault", message: "an IPC message is not a listener" });
  });
});
