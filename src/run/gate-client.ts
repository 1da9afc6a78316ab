import { createLineSplitter } from "../base/line-splitter.ts";
import type { GateProcess } from "../sandbox/gate-process.ts";
import type { FromGate, ToGate } from "../spec/gate-protocol.ts";
import { runFailure } from "./errors.ts";

const maxLineBytes = 64 * 1024 ** 2;

/** The keeper's end of the control channel. Waiting calls reject with a `Failure` when the gate dies or the time is up. */
export interface GateClient {
  send(message: ToGate): void;
  /** The next message that `choose` accepts, of those that arrive after this call, within `seconds`. */
  next<T extends FromGate>(choose: (message: FromGate) => message is T, seconds: number): Promise<T>;
  onMessage(listener: (message: FromGate) => void): void;
  /** Resolves when the process is gone. Never rejects. */
  readonly gone: Promise<string>;
  kill(): void;
}

/** Wraps a started gate. Its lines come from our own confined code: they are parsed as JSON and read by type. */
export function createGateClient(gate: GateProcess): GateClient {
  const listeners = new Set<(message: FromGate) => void>();
  const waiting = new Set<(reason: string) => void>();
  const split = createLineSplitter(maxLineBytes);
  let end: string | undefined;
  let lastWords = "";
  let isCut = false;
  gate.errors.on("data", (bytes: Buffer) => {
    if (!isCut) lastWords = bytes.toString().trimEnd().split("\n").at(-1)?.slice(0, 300) ?? "";
  });

  const gone = gate.ended.then((how) => {
    const reason = lastWords === "" ? how : `${how}: ${lastWords}`;
    end = reason;
    for (const reject of waiting) reject(reason);
    return reason;
  });
  gate.input.on("error", () => {}); // A dead gate shows in `gone`; the write that noticed it first has nothing to add.
  gate.output.on("data", (bytes: Buffer) => {
    try {
      for (const line of split(bytes)) {
        const message = JSON.parse(line) as FromGate;
        for (const listener of [...listeners]) listener(message);
      }
    } catch (error) {
      // A gate that does not speak the protocol, or whose word cannot be kept (a full disk), is not to be the way out.
      isCut = true;
      lastWords = `what it said could not be taken: ${error instanceof Error ? error.message : String(error)}`.slice(
        0,
        300,
      );
      gate.kill();
    }
  });

  return {
    send: (message) => void gate.input.write(`${JSON.stringify(message)}\n`),
    next: <T extends FromGate>(choose: (message: FromGate) => message is T, seconds: number) =>
      new Promise<T>((resolve, reject) => {
        const done = () => {
          clearTimeout(timer);
          listeners.delete(listen);
          waiting.delete(fail);
        };
        const fail = (reason: string) => {
          done();
          reject(runFailure("gate_failed", { detail: reason }));
        };
        const listen = (message: FromGate) => {
          if (!choose(message)) return;
          done();
          resolve(message);
        };
        const timer = setTimeout(() => fail(`no answer within ${seconds} s`), seconds * 1000);
        listeners.add(listen);
        waiting.add(fail);
        if (end !== undefined) fail(end);
      }),
    onMessage: (listener) => void listeners.add(listener),
    gone,
    kill: gate.kill,
  };
}
