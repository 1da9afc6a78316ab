import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { GateProcess } from "../../kit/gate-process.ts";
import { GateWorld, readAll, readAnswer, readHead } from "../../kit/gate-world.ts";

const get = "GET / HTTP/1.1\r\nHost: api.example\r\n\r\n";

/** Reads until the text has come. */
async function readUntil(socket: AsyncIterable<Buffer> & NodeJS.EventEmitter, wanted: string): Promise<string> {
  let text = "";
  return new Promise((done, fail) => {
    const closed = () => fail(new Error(`closed after ${JSON.stringify(text)}`));
    const data = (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (!text.includes(wanted)) return;
      socket.off("data", data);
      socket.off("close", closed);
      done(text);
    };
    socket.on("data", data);
    socket.once("close", closed);
  });
}

describe("must-have 31: an event stream is passed on event by event", () => {
  it("shows each event before the next one is sent", async () => {
    await using world = new GateWorld();
    let stream: ServerResponse | undefined;
    const api = await world.upstream("api.example", (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 0\n\n");
      stream = response;
    });
    await world.configure({
      routes: [api.route({ credential: { name: "key", inject: [{ as: "bearer" }] } })],
      credentials: [{ name: "key", placeholder: "placeholder-0123456789" }],
    });
    world.credential("key", "data-real-value-0123456789");
    const socket = await world.tls("api.example");
    socket.write(get);
    // The next event is sent only once the agent has seen the one before: nothing in between may wait for more.
    for (let n = 0; n < 20; n++) {
      await readUntil(socket, `data: ${n}\n\n`);
      stream?.write(`data: ${n + 1}\n\n`);
    }
    socket.destroy();
    await world.next("audit");
    await expect.poll(() => api.sockets.size).toBe(0);
    expect(world.decisions).toMatchObject([{ verdict: "allow", reason: "the agent closed the connection" }]);
  });
});

describe("must-have 32: WebSockets pass, and a gigabyte streams in constant memory", () => {
  it("passes frames both ways, and ends both sides together", async () => {
    await using world = new GateWorld();
    const chat = await world.upstream("api.example", () => {});
    chat.server.on("upgrade", (request, socket) => {
      const accept = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Extensions: ${request.headers["sec-websocket-extensions"]}\r\n\r\n`,
      );
      socket.on("data", (chunk: Buffer) => socket.write(chunk));
      socket.on("error", () => {});
    });
    await world.configure({ routes: [chat.route()] });
    const socket = await world.tls("api.example");
    const head = await new Promise<string>((done) => {
      socket.write(
        "GET / HTTP/1.1\r\nHost: api.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      );
      done(readHead(socket));
    });
    expect(head).toMatch(/^HTTP\/1\.1 101/);
    expect(head).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(head).toContain("X-Extensions: undefined");
    const payload = randomBytes(300_000);
    const frame = Buffer.concat([
      Buffer.from([0x82, 0xff]),
      bigEndian(payload.length),
      Buffer.from([0, 0, 0, 0]),
      payload,
    ]);
    socket.write(frame);
    const echoed: Buffer[] = [];
    while (Buffer.concat(echoed).length < frame.length) echoed.push((await once(socket, "data"))[0] as Buffer);
    expect(Buffer.concat(echoed).equals(frame)).toBe(true);
    for (const upstream of chat.sockets) upstream.end();
    await once(socket, "end");
    await world.next("audit", ({ decision }) => decision.reason.startsWith("WebSocket closed"));
    expect(world.decisions).toMatchObject([
      { verdict: "allow", status: 101, reason: "WebSocket opened" },
      { verdict: "allow", status: 101, requestBytes: frame.length, responseBytes: frame.length },
    ]);
    socket.destroy();
  });

  it("refuses a change of protocol that was not asked for", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => {
      response.socket?.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n");
    });
    await world.configure({ routes: [api.route()] });
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 502, rule: "upstream" });
  });

  it("passes 1 GB each way at the reader's pace, in constant memory", async () => {
    await using gate = new GateProcess();
    await using world = new GateWorld();
    const size = 1024 ** 3;
    const piece = randomBytes(256 * 1024);
    let received = 0;
    const api = await world.upstream("api.example", async (request, response) => {
      for await (const chunk of request) received += (chunk as Buffer).length;
      if (request.method === "GET") response.setHeader("content-length", size);
      for (let sent = 0; request.method === "GET" && sent < size; sent += piece.length) {
        if (!response.write(piece)) await once(response, "drain");
      }
      response.end();
    });
    const { certificate, key } = world.ca;
    const origin = `https://localhost:${api.port}`;
    const secured = world.upstreamCa.leaf("localhost");
    (api.server as unknown as { setSecureContext(options: object): void }).setSecureContext(secured);
    await gate.configure(
      {
        id: "brisk-otter",
        routes: [api.route({ upstream: origin, credential: { name: "key", inject: [{ as: "bearer" }] } })],
        credentials: [{ name: "key", placeholder: "placeholder-0123456789" }],
      },
      { ca: { certificate, key } },
    );
    gate.send({ type: "credential", sandbox: "brisk-otter", name: "key", value: "real-value-0123456789" });
    world.port = await gate.listener("brisk-otter");

    const download = await world.tls("api.example");
    download.write("GET / HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n");
    let read = 0;
    const before = await residentBytes(gate.child.pid);
    let most = 0;
    for await (const chunk of download) {
      read += (chunk as Buffer).length;
      if (read % 50 === 0) most = Math.max(most, await residentBytes(gate.child.pid));
    }
    expect(read).toBeGreaterThan(size);

    const upload = await world.tls("api.example");
    upload.write(`PUT / HTTP/1.1\r\nHost: api.example\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
    for (let sent = 0; sent < size; sent += piece.length) {
      if (!upload.write(piece)) await once(upload, "drain");
    }
    expect((await readAnswer(upload)).status).toBe(200);
    expect(received).toBe(size);
    most = Math.max(most, await residentBytes(gate.child.pid));
    expect(most - before).toBeLessThan(200 * 1024 ** 2);
    // Four times through TLS: ten seconds of a processor that nobody else uses.
  }, 300_000);
});

describe("must-have 32: who reads slowly is waited for, and nothing piles up in the gate", () => {
  const piece = Buffer.alloc(256 * 1024);
  const endless = async (socket: NodeJS.WritableStream, sent: (bytes: number) => void) => {
    for (let n = 0; n < 4_000; n++) {
      sent(piece.length);
      if (!socket.write(piece)) await once(socket, "drain");
    }
  };
  /** Waits until the number does not grow any more. */
  const settled = async (read: () => number) => {
    for (let same = 0, last = -1; same < 5; same = read() === last ? same + 1 : 0) {
      last = read();
      await new Promise((done) => setTimeout(done, 100));
    }
    return read();
  };

  it.each([
    ["plain", undefined],
    ["masked", { name: "key", inject: [{ as: "bearer" as const }] }],
  ])("when an agent does not read (%s)", async (_, credential) => {
    await using world = new GateWorld();
    let sent = 0;
    const api = await world.upstream("api.example", (_request, response) => {
      response.on("error", () => {});
      void endless(response, (bytes) => {
        sent += bytes;
      }).catch(() => {});
    });
    await world.configure({
      routes: [api.route({ credential })],
      credentials: [{ name: "key", placeholder: "placeholder-0123456789" }],
    });
    world.credential("key", "real-value-0123456789");
    const socket = await world.tls("api.example");
    socket.pause();
    socket.write(get);
    await expect.poll(() => sent).toBeGreaterThan(0);
    expect(await settled(() => sent)).toBeLessThan(100 * 1024 ** 2);
    socket.destroy();
  });

  it.each([
    ["plain", ""],
    ["compressed", "Content-Encoding: gzip\r\n"],
  ])("when an upstream does not read (%s)", async (_, header) => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request) => request.pause());
    await world.configure({ routes: [api.route()] });
    const socket = await world.tls("api.example");
    socket.write(`POST / HTTP/1.1\r\nHost: api.example\r\nContent-Length: 9999999999\r\n${header}\r\n`);
    let sent = 0;
    // One gzip member after another is a gzip stream again.
    const packed = header === "" ? piece : gzipSync(randomBytes(4 * 1024 ** 2));
    const send = async () => {
      for (let n = 0; n < 1_000; n++) {
        sent += packed.length;
        if (!socket.write(packed)) await once(socket, "drain");
      }
    };
    void send().catch(() => {});
    await expect.poll(() => sent).toBeGreaterThan(0);
    expect(await settled(() => sent)).toBeLessThan(100 * 1024 ** 2);
    socket.destroy();
  });
});

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

describe("bodies", () => {
  it("passes chunked uploads and answers as they are, in any size", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => request.pipe(response));
    await world.configure({ routes: [api.route()] });
    for (const size of [0, 1, 15, 16, 65_535, 70_000, 1_000_000]) {
      const body = randomBytes(size).toString("hex").slice(0, size);
      const sent = { headers: ["Transfer-Encoding: chunked"], body: `${chunk(body)}0\r\n\r\n` };
      const answer = await world.ask("api.example", "POST /", sent);
      expect(answer.status).toBe(200);
      expect(answer.body).toBe(body);
    }
  });

  it("lets an agent that expects a 100 send its body only when the request is allowed", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => {
      request.on("data", (bytes: Buffer) => response.write(bytes)).on("end", () => response.end());
    });
    await world.configure({ routes: [api.route({ paths: [{ exact: "/ok" }] })] });
    const ask = async (path: string) => {
      const socket = await world.tls("api.example");
      socket.write(
        `PUT ${path} HTTP/1.1\r\nHost: api.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n`,
      );
      const head = await readHead(socket);
      if (head.startsWith("HTTP/1.1 100")) socket.write("hello");
      return { head, answer: await readAnswer(socket) };
    };
    expect(await ask("/ok")).toMatchObject({
      head: "HTTP/1.1 100 Continue\r\n\r\n",
      answer: { status: 200, body: "hello" },
    });
    expect((await ask("/no")).head).toMatch(/^HTTP\/1\.1 403/);
    expect(api.requests.map(({ headers }) => headers.expect)).toEqual([undefined]);
  });

  it("answers HEAD, 204 and 304 without a body, and keeps the connection", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => {
      response.statusCode = Number(request.url?.slice(1)) || 200;
      if (request.method === "HEAD") response.setHeader("content-length", 5);
      response.end(response.statusCode === 200 && request.method === "GET" ? "hello" : undefined);
    });
    await world.configure({ routes: [api.route()] });
    const socket = await world.tls("api.example");
    for (const line of ["HEAD /", "GET /204", "GET /304", "GET /200"]) {
      socket.write(`${line} HTTP/1.1\r\nHost: api.example\r\n\r\n`);
      const head = await readHead(socket);
      expect(head).not.toContain("connection: close");
      if (line === "HEAD /") expect(head).toContain("content-length: 5");
      if (line === "GET /200") expect((await once(socket, "data"))[0].toString()).toBe("hello");
    }
    socket.destroy();
  });

  it("uses kept connections again, and a fresh one when the kept one was closed", async () => {
    await using world = new GateWorld();
    let connections = 0;
    let isOld = false;
    const api = await world.upstream("api.example", (request, response) => {
      if (isOld) request.socket.destroy();
      else response.end("ok");
      isOld = false;
    });
    api.server.on("secureConnection", () => connections++);
    await world.configure({ routes: [api.route()] });
    const socket = await world.tls("api.example");
    const ask = async () => {
      socket.write(get);
      await readUntil(socket, "ok");
    };
    for (let i = 0; i < 5; i++) await ask();
    expect(connections).toBe(1);
    isOld = true;
    await ask();
    expect(connections).toBe(2);
    socket.destroy();
  });

  it("shows the agent that an answer was cut", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half");
      setImmediate(() => response.socket?.destroy());
    });
    await world.configure({ routes: [api.route()] });
    const socket = await world.tls("api.example");
    socket.write(get);
    const text = (await readAll(socket)).toString();
    expect(text.endsWith("half")).toBe(true);
    expect(world.decisions).toMatchObject(
      [{ verdict: "allow", responseBytes: 4, reason: /cut/ }].map(({ reason, ...rest }) => ({
        ...rest,
        reason: expect.stringMatching(reason),
      })),
    );
  });
});

const chunk = (text: string) => (text === "" ? "" : `${text.length.toString(16)}\r\n${text}\r\n`);

describe("bounds", () => {
  it("answers an agent that closed its sending half, and releases everything", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => setImmediate(() => response.end("late")), {
      plain: true,
    });
    await world.configure({ routes: [api.route()] });
    const socket = await world.dial();
    socket.end("GET http://api.example/ HTTP/1.1\r\nHost: api.example\r\n\r\n");
    expect(await readAnswer(socket)).toMatchObject({ status: 200, body: "late" });
    const half = await world.dial();
    half.end("POST http://api.example/ HTTP/1.1\r\nHost: api.example\r\nContent-Length: 10\r\n\r\nhalf");
    expect(await readAnswer(half)).toMatchObject({ status: 400, rule: "malformed" });
    await expect.poll(() => api.sockets.size).toBe(0);
  });

  it.each([
    ["a head that never ends", "GET http://api.example/ HTTP/1.1\r\n"],
    ["a connection without a word", ""],
    [
      "a body that never ends",
      "POST http://api.example/ HTTP/1.1\r\nHost: api.example\r\nContent-Length: 10\r\n\r\nhalf",
    ],
    ["an upstream that never answers", "GET http://api.example/ HTTP/1.1\r\nHost: api.example\r\n\r\n"],
    ["an answer that stops", "GET http://api.example/half HTTP/1.1\r\nHost: api.example\r\n\r\n"],
    ["a tunnel without a word", "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n"],
  ])("ends %s", async (_, bytes) => {
    await using world = new GateWorld({
      headMs: 100,
      idleMs: 100,
      bodyIdleMs: 100,
      answerMs: 100,
      handshakeMs: 100,
      lingerMs: 50,
    });
    const api = await world.upstream(
      "api.example",
      (request, response) => {
        if (request.url === "/half") response.write("half");
      },
      { plain: true },
    );
    await world.configure({ routes: [api.route()] });
    const socket = await world.dial();
    socket.write(bytes);
    await readAll(socket);
    await expect.poll(() => api.sockets.size).toBe(0);
  });

  it("refuses a connection more than a sandbox may have, and takes one again when one was closed", async () => {
    await using world = new GateWorld({ connections: 3 });
    await world.configure({});
    const open = [await world.dial(), await world.dial(), await world.dial()];
    const refused = await world.dial();
    expect(await readAnswer(refused)).toMatchObject({ status: 503, rule: "connections" });
    open[0]?.destroy();
    await expect.poll(async () => (await readAnswerOf(world)).rule).toBe("not-a-proxy-request");
    for (const socket of open) socket.destroy();
  });

  it("lets requests wait while the keeper does not read, and none is untold", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    await world.configure({ routes: [api.route()] });
    world.congested = true;
    const socket = await world.tls("api.example");
    socket.write(get);
    const answered = readUntil(socket, "ok");
    expect(api.requests).toEqual([]);
    await new Promise((done) => setImmediate(done));
    world.clear();
    await answered;
    socket.destroy();
  });

  it("closes everything of a sandbox that is removed", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.write("half"));
    await world.configure({ routes: [api.route()] });
    const socket = await world.tls("api.example");
    socket.write(get);
    await readUntil(socket, "half");
    world.send({ type: "remove", sandbox: world.id });
    await readAll(socket);
    await expect.poll(() => api.sockets.size).toBe(0);
    await expect(world.dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

async function readAnswerOf(world: GateWorld) {
  const socket = await world.dial();
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return readAnswer(socket);
}
