import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

// The one load generator of the gate's bench: opens TLS tunnels through a proxy (or straight), asks, and prints figures as
// one JSON object. Argument: the task.

interface Task {
  readonly kind: "rate" | "latency" | "first-event" | "download" | "streams";
  readonly proxyPort: number | null;
  readonly port: number;
  readonly ca: string;
  readonly connections: number;
  readonly seconds: number;
  readonly count: number;
  readonly megabytes: number;
}

const task = JSON.parse(process.argv[2] ?? "") as Task;
const ca = readFileSync(task.ca);
const host = "localhost";

async function open(): Promise<TLSSocket> {
  const socket = await dial();
  const secure = connectTls({ socket, servername: host, ca });
  await new Promise<void>((done, fail) => {
    secure.once("secureConnect", done);
    secure.once("error", fail);
    secure.once("close", () => fail(new Error("closed during the handshake")));
  });
  return secure;
}

async function dial(): Promise<Socket> {
  const socket = connect(task.proxyPort ?? task.port, "127.0.0.1");
  socket.setNoDelay(true);
  await new Promise((done, fail) => socket.once("connect", done).once("error", fail));
  if (task.proxyPort === null) return socket;
  socket.write(`CONNECT ${host}:${task.port} HTTP/1.1\r\nHost: ${host}:${task.port}\r\n\r\n`);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const [chunk] = (await Promise.race([
      new Promise((done) => socket.once("data", (...given) => done(given))),
      new Promise((_, fail) => socket.once("close", () => fail(new Error(`no tunnel: ${text}`)))),
    ])) as [Buffer];
    text += chunk.toString("latin1");
  }
  if (!/^HTTP\/1\.[01] 200/.test(text)) throw new Error(`no tunnel: ${text}`);
  return socket;
}

const requestFor = (path: string) =>
  Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: ${host}:${task.port}\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nX-Request: 0123456789\r\n\r\n`,
  );

/** Calls back with each whole answer; answers have a content-length. */
function onAnswers(socket: TLSSocket, answered: () => void): void {
  let left = 0;
  let head = "";
  socket.on("data", (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const taken = Math.min(left, chunk.length - at);
        left -= taken;
        at += taken;
        if (left === 0) answered();
        continue;
      }
      head += chunk.toString("latin1", at);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!head.startsWith("HTTP/1.1 200")) throw new Error(head);
      at = chunk.length - (head.length - end - 4);
      left = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      head = "";
    }
  });
}

async function rate() {
  const request = requestFor("/small");
  const sockets = await Promise.all(Array.from({ length: task.connections }, open));
  let count = 0;
  let isOver = false;
  for (const socket of sockets) {
    onAnswers(socket, () => {
      count++;
      if (!isOver) socket.write(request);
    });
  }
  for (const socket of sockets) socket.write(request);
  await new Promise((done) => setTimeout(done, 1_000));
  const before = count;
  const startedAt = performance.now();
  process.send?.("measuring");
  await new Promise((done) => setTimeout(done, task.seconds * 1_000));
  process.send?.("measured");
  const perSecond = ((count - before) / (performance.now() - startedAt)) * 1_000;
  const counted = count - before;
  isOver = true;
  return { perSecond, counted };
}

async function latency() {
  const request = requestFor("/small");
  const socket = await open();
  const times: number[] = [];
  let startedAt = 0;
  await new Promise<void>((done) => {
    onAnswers(socket, () => {
      times.push(performance.now() - startedAt);
      if (times.length >= task.count) return done();
      startedAt = performance.now();
      socket.write(request);
    });
    startedAt = performance.now();
    socket.write(request);
  });
  // The first requests open connections and warm the code.
  const sorted = times.slice(task.count / 4).sort((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length * 0.5)], p99: sorted[Math.floor(sorted.length * 0.99)] };
}

async function firstEvent() {
  const times: number[] = [];
  for (let n = 0; n < task.count; n++) {
    const socket = await open();
    const startedAt = performance.now();
    socket.write(requestFor("/short-stream"));
    let text = "";
    await new Promise<void>((done) => {
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (text.includes("data: hello")) done();
      });
    });
    times.push(performance.now() - startedAt);
    socket.destroy();
  }
  return { p50: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] };
}

async function download() {
  const socket = await open();
  const startedAt = performance.now();
  socket.write(requestFor(`/big/${task.megabytes}`));
  let bytes = 0;
  await new Promise<void>((done) => {
    setTimeout(done, task.seconds * 1_000);
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes >= task.megabytes * 1024 ** 2) done();
    });
  });
  return { megabytesPerSecond: (bytes / 1024 ** 2 / (performance.now() - startedAt)) * 1_000 };
}

async function streams() {
  const sockets: TLSSocket[] = [];
  let events = 0;
  for (let n = 0; n < task.count; n += 20) {
    const opened = await Promise.all(Array.from({ length: 20 }, open));
    for (const socket of opened) {
      sockets.push(socket);
      socket.once("data", () => events++);
      socket.write(requestFor("/stream"));
    }
  }
  const until = performance.now() + 10_000;
  while (events < task.count && performance.now() < until) await new Promise((done) => setTimeout(done, 50));
  process.send?.("open");
  await new Promise((done) => process.once("message", done));
  return { events };
}

const run = { rate, latency, "first-event": firstEvent, download, streams }[task.kind];
process.stdout.write(`${JSON.stringify(await run())}\n`, () => process.exit(0));
