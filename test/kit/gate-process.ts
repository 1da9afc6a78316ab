import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:net";
import { resolve } from "node:path";
import type * as z from "zod";
import type { FromGate, GateSandbox, ToGate } from "../../src/spec/gate-protocol.ts";

type Of<T extends FromGate["type"]> = Extract<FromGate, { type: T }>;
type Message = z.input<typeof ToGate>;
type SandboxInput = Partial<z.input<typeof GateSandbox>> & { readonly id: string };

/** A real gate process under test; `await using` ends it. */
export class GateProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly messages: FromGate[] = [];
  /** Whether decisions are kept; a bench has too many. */
  keep = true;
  readonly #waiting = new Set<() => void>();
  #version = 0;
  #rest = "";

  constructor(options: { readonly main?: string; readonly env?: NodeJS.ProcessEnv } = {}) {
    const main = options.main ?? resolve(import.meta.dirname, "../../src/gate/main.ts");
    this.child = spawn(process.execPath, [main], {
      stdio: ["pipe", "pipe", "inherit", "ipc"],
      env: { ...process.env, ...options.env },
    });
    this.child.stdout?.on("data", (chunk: Buffer) => this.#read(chunk.toString("utf8")));
    this.child.stdin?.on("error", () => {});
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (this.keep || !line.startsWith('{"type":"audit"')) this.messages.push(JSON.parse(line) as FromGate);
    }
    for (const wake of [...this.#waiting]) wake();
  }

  send(message: Message): void {
    this.child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** The first message of a type, from those not yet seen by an earlier call with the same `after`, that passes the test. */
  async next<T extends FromGate["type"]>(
    type: T,
    test: (message: Of<T>) => boolean = () => true,
    after = 0,
  ): Promise<Of<T>> {
    const find = () =>
      this.messages.slice(after).find((message): message is Of<T> => message.type === type && test(message as Of<T>));
    for (let found = find(); ; found = find()) {
      if (found) return found;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#waiting.delete(wake);
          reject(new Error(`no ${type} from the gate; it said ${JSON.stringify(this.messages.slice(-10), null, 1)}`));
        }, 20_000);
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** Sends a policy with the next version and waits for it to be in force. */
  async configure(
    sandbox: SandboxInput,
    more: Omit<Extract<Message, { type: "configure" }>, "type" | "sandbox"> = {},
  ): Promise<void> {
    this.#version += 1;
    const version = this.#version;
    this.send({ type: "configure", sandbox: { version, routes: [], credentials: [], ...sandbox }, ...more });
    await this.next("configured", (message) => message.sandbox === sandbox.id && message.version === version);
  }

  /** Listens on loopback and hands the socket to the gate as a keeper does; returns its port. */
  async listener(sandbox: string): Promise<number> {
    const server: Server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    await new Promise<void>((done, fail) =>
      this.child.send({ type: "listener", sandbox }, server, (error) => (error ? fail(error) : done())),
    );
    server.close();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Lets the gate listen by itself; returns its port. */
  async listen(sandbox: string): Promise<number> {
    this.send({ type: "listen", sandbox, host: "127.0.0.1", port: 0 });
    return (await this.next("listening", (message) => message.sandbox === sandbox)).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise<void>((done) => this.child.once("exit", () => done()));
    this.child.kill("SIGKILL");
    await gone;
  }
}
