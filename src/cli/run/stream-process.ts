import type { KeeperClient } from "../../run/keeper-client.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { trackTerminalModes } from "./terminal-modes.ts";

/** Ctrl-]: begins a key sequence of ours. `Ctrl-] d` detaches; `Ctrl-] Ctrl-]` types one; every other key goes to the agent. */
const escapeByte = 0x1d;
/** Unsent input past this stops reading the keyboard or pipe. */
const chunkBytes = 256 * 1024;
/** Input that the process has not taken yet: past this, ours is not read. */
const untakenBytes = 1024 ** 2;

/** How a stream to a process inside ended, as seen from here. */
export type StreamEnd = { readonly exitCode: number | null; readonly signal?: string } | "detached" | "lost";

/** What to connect to a process inside. */
export interface StreamRequest {
  readonly id: string;
  /** Our terminal is given to it: raw keys, resizes, its bytes unchanged. */
  readonly terminal: boolean;
  readonly input: boolean;
  /** Whether its output goes to ours; not when its events are told instead. */
  readonly output: boolean;
  /** Input is read only from then on: the keeper drops what comes for a process that is not there yet. */
  readonly ready?: Promise<unknown>;
}

/** Connects standard input and output to one process inside until it exits, the person detaches, or the keeper is gone. */
export async function streamProcess(
  context: CommandContext,
  client: KeeperClient,
  request: StreamRequest,
): Promise<StreamEnd> {
  const { id, terminal } = request;
  using stack = new DisposableStack();
  const detached = Promise.withResolvers<"detached">();
  const exited = client.next((m): m is Extract<FromKeeper, { type: "exited" }> => m.type === "exited" && m.id === id);

  const modes = trackTerminalModes();
  if (request.output) {
    client.onMessage((message) => {
      if (message.type !== "output" || message.id !== id) return;
      const bytes = Buffer.from(message.data, "base64");
      if (terminal) {
        modes.saw(bytes);
        context.output.raw(bytes);
      } else context.output.pass(message.stream, bytes);
    });
  }
  if (request.input) {
    const { stream } = context.input;
    if (terminal) {
      stream.setRawMode(true);
      stack.defer(() => stream.setRawMode(false));
    }
    let untaken = 0;
    const send = (bytes: Uint8Array) => {
      client.send({ type: "input", id, data: Buffer.from(bytes).toString("base64") });
      untaken += bytes.length;
      if (untaken > untakenBytes) stream.pause();
    };
    client.onMessage((message) => {
      if (message.type !== "taken" || message.id !== id) return;
      untaken -= message.bytes;
      if (untaken <= untakenBytes && stream.isPaused() && !stack.disposed) stream.resume();
    });
    const keys = createKeyReader(send, () => detached.resolve("detached"));
    const onData = (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        const part = bytes.subarray(at, at + chunkBytes);
        if (terminal) keys(part);
        else send(part);
      }
    };
    const onEnd = () => client.send({ type: "input_end", id });
    const connect = () => {
      if (stack.disposed) return;
      stream.on("data", onData).on("end", onEnd).resume();
      stack.defer(() => void stream.off("data", onData).off("end", onEnd).pause());
    };
    if (request.ready === undefined) connect();
    else void request.ready.then(connect);
  }
  if (terminal) {
    const resize = () => {
      const size = context.terminalSize();
      if (size) client.send({ type: "resize", id, ...size });
    };
    stack.use(context.onResize(resize));
    resize();
  }
  // Awaited here: what is connected must stay so until the end.
  const end: StreamEnd = await Promise.race([
    exited.then((message) =>
      message ? { exitCode: message.exitCode, ...(message.signal && { signal: message.signal }) } : "lost",
    ),
    detached.promise,
  ]);
  const restored = terminal && request.output ? modes.restore(end === "detached") : "";
  if (restored !== "") context.output.raw(Buffer.from(restored));
  return end;
}

/** Passes keys on, but for the sequences that begin with Ctrl-]. */
function createKeyReader(pass: (bytes: Uint8Array) => void, detach: () => void): (bytes: Uint8Array) => void {
  let isEscaped = false;
  return (bytes) => {
    const out: number[] = [];
    for (const byte of bytes) {
      if (!isEscaped && byte === escapeByte) {
        isEscaped = true;
        continue;
      }
      if (isEscaped && (byte === 0x64 || byte === 0x44)) {
        if (out.length > 0) pass(Uint8Array.from(out));
        detach();
        return;
      }
      if (isEscaped && byte !== escapeByte) out.push(escapeByte);
      isEscaped = false;
      out.push(byte);
    }
    if (out.length > 0) pass(Uint8Array.from(out));
  };
}
