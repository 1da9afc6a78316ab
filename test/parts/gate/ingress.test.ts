import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer, get } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import type { GateLimits } from "../../../src/gate/limits.ts";
import { GateProcess } from "../../kit/gate-process.ts";
import { GateWorld, readAll, readHead } from "../../kit/gate-world.ts";

/** A server that plays the one inside, and a port outside that leads to it. */
async function publish(server: Server, limits: Partial<GateLimits> = {}) {
  const world = new GateWorld(limits);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const inside = (server.address() as AddressInfo).port;
  world.send({
    type: "publish",
    sandbox: world.id,
    id: "a",
    host: "127.0.0.1",
    port: 0,
    target: { kind: "tcp", host: "127.0.0.1", port: inside },
  });
  const { port } = await world.next("published");
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // A reset is what some of these tests are about.
  });
  return {
    world,
    port,
    inside,
    dial: async () => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      socket.on("error", () => {});
      await once(socket, "connect");
      return socket;
    },
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Not `once`, which takes the reset before it for a failure. */
const closed = (socket: Socket) => new Promise<void>((done) => socket.once("close", () => done()));

const halfOpen = { allowHalfOpen: true } as const;

describe("a published port", () => {
  it("carries HTTP, and is told once with its sizes", async () => {
    await using port = await publish(createHttpServer((_request, answer) => answer.end("from inside")));
    const response = await new Promise<{ text: string }>((done, fail) => {
      get({ port: port.port, host: "127.0.0.1", agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        answer.on("end", () => done({ text }));
      }).on("error", fail);
    });
    expect(response.text).toBe("from inside");
    const { decision } = await port.world.next("audit");
    expect(decision).toMatchObject({
      sandbox: port.world.id,
      verdict: "allow",
      rule: "published",
      method: "INGRESS",
      scheme: "tcp",
      port: port.inside,
    });
    expect(decision.reason).toMatch(/^from 127\.0\.0\.1:\d+$/);
    expect(decision.responseBytes).toBeGreaterThan(11);
  });

  it("carries a WebSocket's upgrade and its frames as they are", async () => {
    const http = createHttpServer();
    http.on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.pipe(socket);
    });
    await using port = await publish(http);
    const socket = await port.dial();
    socket.write(
      "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    expect(await readHead(socket)).toContain("101 Switching");
    const frame = Buffer.concat([Buffer.from([0x82, 0x84, 1, 2, 3, 4]), randomBytes(4)]);
    socket.write(frame);
    const [echo] = (await once(socket, "data")) as [Buffer];
    expect(echo.equals(frame)).toBe(true);
    socket.destroy();
  });

  it("passes an end on, each way by itself", async () => {
    const server = createServer(halfOpen, (socket) => {
      let asked = "";
      socket.on("data", (part) => {
        asked += part.toString();
      });
      socket.on("end", () => socket.end(`all of: ${asked}`));
    });
    await using port = await publish(server);
    const socket = await port.dial();
    socket.end("a question");
    expect((await readAll(socket)).toString()).toBe("all of: a question");
  });

  it("passes on what the inside says first, and its end", async () => {
    let heard = "";
    const server = createServer(halfOpen, (socket) => {
      socket.end("220 ready\r\n");
      socket.on("data", (part) => {
        heard += part.toString();
      });
    });
    await using port = await publish(server);
    const socket = await port.dial();
    const greeting: Buffer[] = [];
    socket.on("data", (part) => greeting.push(part as Buffer));
    await once(socket, "end");
    expect(Buffer.concat(greeting).toString()).toBe("220 ready\r\n");
    socket.end("still heard");
    await port.world.next("audit");
    expect(heard).toBe("still heard");
  });

  it("passes a reset on as one: a cut answer is not taken for a whole one", async () => {
    const server = createServer((socket) => {
      socket.write("half of");
      socket.once("data", () => socket.resetAndDestroy());
    });
    await using port = await publish(server);
    const socket = await port.dial();
    await once(socket, "data");
    const failed = new Promise<NodeJS.ErrnoException>((done) => socket.once("error", done));
    socket.write("go on");
    expect((await failed).code).toBe("ECONNRESET");
  });

  it("ends the inside when a client goes that does not take the answer", async () => {
    const ended = Promise.withResolvers<void>();
    const server = createServer(halfOpen, (socket) => {
      socket.on("error", () => {});
      socket.on("close", () => ended.resolve());
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.on("drain", more);
      more();
    });
    await using port = await publish(server);
    const socket = await port.dial();
    await once(socket, "data");
    socket.end();
    socket.destroy();
    await ended.promise;
    await port.world.next("audit");
  });

  it("carries 100 MB each way, byte by byte, and holds little of it for a slow reader", async () => {
    const size = 100 * 1024 ** 2;
    const block = randomBytes(1024 ** 2);
    const expected = createHash("sha256");
    for (let n = 0; n < 100; n += 1) expected.update(block);
    const digest = expected.digest("hex");
    const server = createServer(halfOpen, (socket) => void pipeline(socket, socket).catch(() => {}));
    await using port = await publish(server);
    const socket = await port.dial();
    const held = process.memoryUsage().arrayBuffers;
    let sent = 0;
    let isStuck = false;
    const write = () => {
      while (sent < size) {
        sent += block.length;
        if (!socket.write(block)) return;
      }
      socket.end();
    };
    socket.on("drain", write);
    write();
    // Nothing is read yet: what the gate takes comes to a standstill, far below all of it.
    for (let last = -1; !isStuck; ) {
      const moved = socket.bytesWritten - socket.writableLength;
      isStuck = moved === last && moved > 0;
      last = moved;
      await new Promise((done) => setTimeout(done, 200));
    }
    expect(sent).toBeLessThan(size);
    expect(process.memoryUsage().arrayBuffers - held).toBeLessThan(32 * 1024 ** 2);
    const got = createHash("sha256");
    let count = 0;
    for await (const part of socket) {
      got.update(part as Buffer);
      count += (part as Buffer).length;
    }
    expect(count).toBe(size);
    expect(got.digest("hex")).toBe(digest);
    const { decision } = await port.world.next("audit");
    expect([decision.requestBytes, decision.responseBytes]).toEqual([size, size]);
  }, 180_000);

  it("closes a connection that nothing inside listens for, and says so", async () => {
    const server = createServer();
    await using port = await publish(server);
    server.close();
    await once(server, "close");
    const socket = await port.dial();
    expect((await readAll(socket)).length).toBe(0);
    const { decision } = await port.world.next("audit");
    expect(decision).toMatchObject({ rule: "published-unanswered", verdict: "allow", port: port.inside });
    expect(decision.reason).toContain("ECONNREFUSED");
  });

  it("says which port is taken", async () => {
    await using port = await publish(createServer());
    port.world.send({
      type: "publish",
      sandbox: port.world.id,
      id: "b",
      host: "127.0.0.1",
      port: port.port,
      target: { kind: "tcp", host: "127.0.0.1", port: port.inside },
    });
    expect(await port.world.next("unpublished")).toMatchObject({ id: "b", code: "EADDRINUSE" });
  });

  it("has a bound for connections, and tells of one beyond it", async () => {
    await using port = await publish(
      createServer((socket) => void socket.write("in")),
      { ingressConnections: 2 },
    );
    const first = await port.dial();
    const second = await port.dial();
    await Promise.all([once(first, "data"), once(second, "data")]);
    const third = await port.dial();
    expect((await readAll(third)).length).toBe(0);
    const { decision } = await port.world.next("audit", ({ decision: { verdict } }) => verdict === "refuse");
    expect(decision.rule).toBe("connections");
    first.destroy();
    await port.world.next("audit", ({ decision: { rule } }) => rule === "published");
    const fourth = await port.dial();
    expect(String(await once(fourth, "data"))).toBe("in");
    for (const socket of [second, fourth]) socket.destroy();
  });

  it("ends a connection on which nothing moves", async () => {
    await using port = await publish(
      createServer((socket) => socket.on("error", () => {})),
      { ingressIdleMs: 100 },
    );
    const socket = await port.dial();
    await closed(socket);
    const { decision } = await port.world.next("audit");
    expect(decision.reason).toContain("nothing moved for too long");
  });

  it("ends one whose sender is done and whose other side is silent", async () => {
    await using port = await publish(
      createServer(halfOpen, (socket) => void socket.resume()),
      { ingressHalfClosedMs: 100 },
    );
    const socket = await port.dial();
    socket.end("all there is");
    await closed(socket);
    expect((await port.world.next("audit")).decision.reason).toContain("nothing moved");
  });

  it("waits with a connection whose decision could not be told", async () => {
    await using port = await publish(createServer((socket) => void socket.write("in")));
    port.world.congested = true;
    const socket = await port.dial();
    let isServed = false;
    socket.once("data", () => {
      isServed = true;
    });
    await new Promise((done) => setTimeout(done, 100));
    expect(isServed).toBe(false);
    port.world.clear();
    if (!isServed) await once(socket, "data");
    socket.destroy();
  });

  it("carries 1,000 connections at a time", async () => {
    await using port = await publish(createServer(halfOpen, (socket) => void pipeline(socket, socket).catch(() => {})));
    const sockets = await Promise.all(Array.from({ length: 1_000 }, () => port.dial()));
    const echoes = await Promise.all(
      sockets.map(async (socket, n) => {
        socket.write(`number ${n}`);
        return String((await once(socket, "data"))[0]) === `number ${n}`;
      }),
    );
    expect(echoes.every(Boolean)).toBe(true);
    for (const socket of sockets) socket.end();
    await Promise.all(sockets.map((socket) => closed(socket.resume())));
    await expect.poll(() => port.world.decisions.length, { timeout: 20_000 }).toBe(1_000);
  }, 180_000);

  it("is closed with its sandbox; those of another one go on", async () => {
    await using port = await publish(createServer((socket) => void socket.write("in")));
    port.world.send({
      type: "publish",
      sandbox: "calm-heron",
      id: "c",
      host: "127.0.0.1",
      port: 0,
      target: { kind: "tcp", host: "127.0.0.1", port: port.inside },
    });
    const other = await port.world.next("published", ({ id }) => id === "c");
    const socket = await port.dial();
    await once(socket, "data");
    port.world.send({ type: "remove", sandbox: port.world.id });
    await closed(socket);
    const late = connect(port.port, "127.0.0.1");
    const [refused] = (await once(late, "error")) as [NodeJS.ErrnoException];
    expect(refused.code).toBe("ECONNREFUSED");
    const still = connect(other.port, "127.0.0.1");
    expect(String((await once(still, "data"))[0])).toBe("in");
    still.destroy();
  });
});

describe("a published port whose connections are handed over", () => {
  const target = { kind: "handed", port: 3000 } as const;

  it("asks for each, takes the one that comes, and closes where none comes", async () => {
    await using gate = new GateProcess();
    await gate.next("ready");
    gate.send({ type: "publish", sandbox: "brisk-otter", id: "a", host: "127.0.0.1", port: 0, target });
    const { port } = await gate.next("published");
    const inside = createServer(halfOpen, (socket) => void socket.end("handed"));
    inside.listen(0, "127.0.0.1");
    await once(inside, "listening");

    const client = connect({ port, host: "127.0.0.1" });
    const dial = await gate.next("dial");
    expect(dial).toMatchObject({ sandbox: "brisk-otter", port: 3000 });
    const dialled = connect({ port: (inside.address() as AddressInfo).port, host: "127.0.0.1" }).pause();
    await once(dialled, "connect");
    const { _handle } = dialled as Socket & { readonly _handle: Socket };
    gate.child.send({ type: "dialled", sandbox: "brisk-otter", dial: dial.dial }, _handle, {}, () => dialled.destroy());
    expect((await readAll(client)).toString()).toBe("handed");

    const second = connect({ port, host: "127.0.0.1" });
    const asked = await gate.next("dial", (message) => message.dial !== dial.dial);
    gate.send({ type: "undialled", sandbox: "brisk-otter", dial: asked.dial, reason: "nothing listens there" });
    expect((await readAll(second)).length).toBe(0);
    const told = await gate.next("audit", ({ decision }) => decision.rule === "published-unanswered");
    expect(told.decision.reason).toContain("nothing listens there");
    inside.close();
  });

  it("gives up on one that never comes, and drops it when it comes too late", async () => {
    await using world = new GateWorld({ dialMs: 100 });
    world.send({ type: "publish", sandbox: world.id, id: "a", host: "127.0.0.1", port: 0, target });
    const { port } = await world.next("published");
    const client = connect({ port, host: "127.0.0.1" });
    expect((await readAll(client)).length).toBe(0);
    const { decision } = await world.next("audit");
    expect(decision).toMatchObject({ rule: "published-unanswered" });
    const server = createServer((socket) => void socket.resume().on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const late = connect((server.address() as AddressInfo).port, "127.0.0.1");
    world.gate.addDialled(world.id, (await world.next("dial")).dial, late);
    await closed(late);
    server.close();
  });
});
