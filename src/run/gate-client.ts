import type { ChildProcess } from "node:child_process";
import { createLineSplitter } from "../base/line-splitter.ts";
import type { FromGate, ToGate } from "../spec/gate-protocol.ts";
import { runFailure } from "./errors.ts";

const maxLineBytes = 64 * 1024 ** 2;

/** The keeper's end of the control channel. Waiting calls reject with a `Failure` when the gate dies or the time is up. */
export interface GateClient {
  readonly pid: number;
  send(message: ToGate): void;
  /** The next message that `choose` accepts, of those that arrive after this call, within `seconds`. */
  next<T extends FromGate>(choose: (message: FromGate) => message is T, seconds: number): Promise<T>;
  onMessage(listener: (message: FromGate) => void): void;
  /** Resolves when the process is gone. Never rejects. */
  readonly gone: Promise<string>;
  kill(): void;
}

/** Wraps a started gate process. Its lines come from our own confined code: they are parsed as JSON and read by type. */
export function createGateClient(child: ChildProcess): GateClient {
  const { stdin, stdout } = child;
  if (!stdin || !stdout || child.pid === undefined)
    throw runFailure("gate_failed", { detail: "it could not be spawned" });
  const listeners = new Set<(message: FromGate) => void>();
  const waiting = new Set<(reason: string) => void>();
  const split = createLineSplitter(maxLineBytes);
  let end: string | undefined;
  let lastWords = "";
  let isCut = false;
  child.stderr?.on("data", (bytes: Buffer) => {
    if (!isCut) lastWords = bytes.toString().trimEnd().split("\n").at(-1)?.slice(0, 300) ?? "";
  });

  const gone = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    // `close`, not `exit`: by then its last words have arrived.
    child.once("close", (code, signal) => {
      const how = signal ? `ended by ${signal}` : `ended with code ${code}`;
      resolve(lastWords === "" ? how : `${how}: ${lastWords}`);
    });
  }).then((reason) => {
    end = reason;
    for (const reject of waiting) reject(reason);
    return reason;
  });
  stdin.on("error", () => {}); // A dead gate shows in `gone`; the write that noticed it first has nothing to add.
  stdout.on("data", (bytes: Buffer) => {
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
      child.kill("SIGKILL");
    }
  });

  return {
    pid: child.pid,
    send: (message) => void stdin.write(`${JSON.stringify(message)}\n`),
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
    kill: () => void child.kill("SIGKILL"),
  };
}
