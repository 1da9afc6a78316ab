import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type * as z from "zod";
import { createGate, type Gate } from "../../src/gate/gate.ts";
import { type GateLimits, gateLimits } from "../../src/gate/limits.ts";
import { type FromGate, ToGate } from "../../src/spec/gate-protocol.ts";
import type { Route } from "../../src/spec/policy.ts";
import { makeTestCa, type TestCa } from "./test-ca.ts";

type Message = z.input<typeof ToGate>;
type Configure = Extract<Message, { type: "configure" }>;
type RouteInput = Partial<z.input<typeof Route>>;
type Of<T extends FromGate["type"]> = Extract<FromGate, { type: T }>;

/** An upstream of a test: a real server on loopback, and what it was asked. */
export interface TestUpstream {
  readonly host: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  /** Each connection that the gate opened to it. */
  readonly sockets: Set<Socket>;
  readonly server: Server;
  /** A route to it, under its own name on port 443. */
  route(fields?: RouteInput): z.input<typeof Route>;
}

/** A gate in this process with real sockets, TLS and upstreams around it, and a resolver that the test can turn. */
export class GateWorld implements AsyncDisposable {
  readonly id = "brisk-otter";
  readonly ca: TestCa = makeTestCa("Sandbox CA");
  readonly upstreamCa: TestCa = makeTestCa("Upstream CA");
  readonly messages: FromGate[] = [];
  readonly addresses = new Map<string, string[]>();
  readonly asked: string[] = [];
  readonly gate: Gate;
  ownAddresses: string[] = [];
  congested = false;
  port = 0;
  #version = 0;
  readonly #waiting = new Set<() => void>();
  readonly #clear: (() => void)[] = [];
  readonly #open: Server[] = [];

  constructor(limits: Partial<GateLimits> = {}) {
    this.gate = createGate(
      {
        send: (message) => {
          this.messages.push(message);
          for (const wake of [...this.#waiting]) wake();
        },
        isCongested: () => this.congested,
        whenClear: (callback) => this.#clear.push(callback),
        resolve: async (host) => {
          this.asked.push(host);
          const addresses = this.addresses.get(host);
          if (!addresses) throw Object.assign(new Error("no such host"), { code: "ENOTFOUND" });
          return addresses;
        },
        ownAddresses: () => this.ownAddresses,
        clock: Date,
      },
      { ...gateLimits, sweepMs: 50, ...limits },
    );
  }

  clear(): void {
    this.congested = false;
    for (const callback of this.#clear.splice(0)) callback();
  }

  /** Starts an upstream over TLS (or plain) under a name that the resolver knows. */
  async upstream(
    host: string,
    listener: RequestListener,
    options: { plain?: boolean; raw?: (socket: Socket) => void } = {},
  ) {
    const requests: IncomingMessage[] = [];
    const sockets = new Set<Socket>();
    const handler = (request: IncomingMessage, response: ServerResponse) => {
      requests.push(request);
      listener(request, response);
    };
    const server = options.plain ? createServer(handler) : createTlsServer(this.upstreamCa.leaf(host), handler);
    server.on(options.plain ? "connection" : "secureConnection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    this.#open.push(server);
    this.addresses.set(host, ["127.0.0.1"]);
    const { port } = server.address() as AddressInfo;
    const upstream: TestUpstream = {
      host,
      port,
      requests,
      sockets,
      server,
      route: (fields = {}) => ({
        name: host.split(".")[0] ?? "r",
        host,
        ...(options.plain ? { scheme: "http", ports: [80] } : { extraCa: this.upstreamCa.certificate }),
        upstream: `${options.plain ? "http" : "https"}://${host}:${port}`,
        allowAddresses: ["127.0.0.0/8"],
        ...fields,
      }),
    };
    return upstream;
  }

  send(message: Message): void {
    this.gate.handle(ToGate.parse(message));
  }

  /** Puts routes into force and sees to a listener. */
  async configure(sandbox: Partial<Configure["sandbox"]>, more: Partial<Configure> = {}): Promise<void> {
    this.#version += 1;
    const { certificate, key } = this.ca;
    const whole = { id: this.id, version: this.#version, routes: [], credentials: [], ...sandbox };
    this.send({ type: "configure", ca: { certificate, key }, ...more, sandbox: whole });
    const last = this.messages.at(-1);
    if (last?.type !== "configured") throw new Error(`not configured: ${JSON.stringify(last)}`);
    if (this.port !== 0) return;
    this.send({ type: "listen", sandbox: this.id, host: "127.0.0.1", port: 0 });
    this.port = (await this.next("listening")).port;
  }

  credential(name: string, value: string | null, expiresAt?: number): void {
    this.send({ type: "credential", sandbox: this.id, name, value, ...(expiresAt === undefined ? {} : { expiresAt }) });
  }

  all<T extends FromGate["type"]>(type: T): Of<T>[] {
    return this.messages.filter((message): message is Of<T> => message.type === type);
  }

  get decisions() {
    return this.all("audit").map(({ decision }) => decision);
  }

  /** The first message of a type that passes the test, now or when it comes. */
  async next<T extends FromGate["type"]>(type: T, test: (message: Of<T>) => boolean = () => true): Promise<Of<T>> {
    for (;;) {
      const found = this.all(type).find(test);
      if (found) return found;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
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

  /** A plain connection to the proxy. */
  async dial(): Promise<Socket> {
    const socket = connect({ port: this.port, host: "127.0.0.1", allowHalfOpen: true });
    await new Promise<void>((done, fail) => {
      socket.once("connect", done);
      socket.on("error", fail);
    });
    return socket;
  }

  /** A tunnel; resolves with the socket and the proxy's answer to CONNECT. */
  async tunnel(target: string, headers = ""): Promise<{ socket: Socket; answer: string }> {
    const socket = await this.dial();
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${headers}\r\n`);
    const answer = await readHead(socket);
    return { socket, answer };
  }

  /** TLS to a host through a tunnel, as an agent's client opens it. */
  async tls(
    host: string,
    options: { servername?: string; port?: number; ca?: string; alpn?: string[] } = {},
  ): Promise<TLSSocket> {
    const { socket, answer } = await this.tunnel(`${host}:${options.port ?? 443}`);
    if (!answer.startsWith("HTTP/1.1 200")) throw new Error(answer);
    const secure = connectTls({
      socket,
      ca: options.ca ?? this.ca.certificate,
      ...(options.servername === "" ? {} : { servername: options.servername ?? host }),
      checkServerIdentity: () => undefined,
      ...(options.alpn ? { ALPNProtocols: options.alpn } : {}),
    });
    secure.on("error", () => {});
    await new Promise<void>((done, fail) => {
      secure.once("secureConnect", done);
      secure.once("error", fail);
      secure.once("close", () => fail(new Error("closed during the handshake")));
    });
    return secure;
  }

  /** Sends one request over TLS to a host and returns the whole answer; `close` is asked for. */
  async ask(host: string, line: string, options: { headers?: string[]; body?: string | Buffer; port?: number } = {}) {
    const socket = await this.tls(host, options);
    const authority = options.port === undefined ? host : `${host}:${options.port}`;
    const head = [`${line} HTTP/1.1`, `Host: ${authority}`, "Connection: close", ...(options.headers ?? [])];
    if (options.body !== undefined && !head.some((name) => /^transfer-encoding|^content-length/i.test(name))) {
      head.push(`Content-Length: ${Buffer.byteLength(options.body)}`);
    }
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    if (options.body !== undefined) socket.write(options.body);
    return readAnswer(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gate.close("the test is over");
    for (const server of this.#open) {
      server.close();
      if ("closeAllConnections" in server) (server as ReturnType<typeof createServer>).closeAllConnections();
    }
  }
}

/** Reads until the end of a head. What comes behind it is put back. */
export async function readHead(socket: Socket): Promise<string> {
  let text = "";
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) return text;
      await new Promise<void>((done) => {
        const wake = () => {
          for (const event of ["readable", "end", "close"]) socket.off(event, wake);
          done();
        };
        for (const event of ["readable", "end", "close"]) socket.once(event, wake);
      });
      continue;
    }
    text += chunk.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const rest = text.slice(end + 4);
    if (rest !== "") socket.unshift(Buffer.from(rest, "latin1"));
    return text.slice(0, end + 4);
  }
}

/** Reads everything to the end of the connection. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!socket.destroyed && !socket.readableEnded) {
    await new Promise<void>((done) => {
      socket.once("end", done);
      socket.once("close", done);
    });
  }
  socket.destroy();
  return Buffer.concat(chunks);
}

/** One answer, taken apart; a chunked body is joined. */
export async function readAnswer(socket: Socket) {
  const text = (await readAll(socket)).toString("utf8");
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end < 0 ? undefined : end);
  let body = end < 0 ? "" : text.slice(end + 4);
  if (/transfer-encoding: chunked/i.test(head))
    body = body.replace(/(?:^|\r\n)[0-9a-f]+\r\n/gi, "").replace(/\r\n$/, "");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  const rule = /x-caisson-rule: (\S+)/.exec(head)?.[1];
  return { status, head, body, rule };
}
