import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { GateWorld } from "../../kit/gate-world.ts";

/** Asks the gate for something from one of this machine's own addresses; gives what came back. */
async function askFrom(localAddress: string, port: number, host = "127.0.0.1"): Promise<string> {
  const socket = connect({ port, host, localAddress });
  let said = "";
  socket.on("error", () => {}); // A reset is an answer, too.
  socket.on("data", (part) => {
    said += String(part);
  });
  socket.write("GET http://nowhere.example/ HTTP/1.1\r\nHost: nowhere.example\r\nConnection: close\r\n\r\n");
  await once(socket, "close").catch(() => {});
  return said;
}

async function listen(world: GateWorld, peers: readonly string[] | undefined, host = "127.0.0.1"): Promise<number> {
  await world.configure({});
  const known = world.all("listening").length;
  world.send({ type: "listen", sandbox: world.id, host, port: 0, ...(peers && { peers: [...peers] }) });
  while (world.all("listening").length === known) await new Promise((resolve) => setImmediate(resolve));
  return world.all("listening").at(-1)?.port ?? 0;
}

const refusals = (world: GateWorld) => world.decisions.filter(({ rule }) => rule === "peer");

describe("a listener with peers", () => {
  it("serves them alone: any other is reset unread, with an audit decision", async () => {
    await using world = new GateWorld();
    const port = await listen(world, ["127.0.0.2"]);
    expect(await askFrom("127.0.0.2", port)).toContain("x-caisson-rule: no-route");
    expect(await askFrom("127.0.0.3", port)).toBe("");
    expect(refusals(world)).toMatchObject([
      { verdict: "refuse", sandbox: world.id, reason: expect.stringContaining("a connection from 127.0.0.3") },
    ]);
    expect(await askFrom("127.0.0.2", port)).toContain("x-caisson-rule: no-route");
  });

  it("knows an IPv4 peer on a listener for both families", async () => {
    await using world = new GateWorld();
    const port = await listen(world, ["127.0.0.2"], "::");
    expect(await askFrom("127.0.0.2", port)).toContain("x-caisson-rule: no-route");
    expect(await askFrom("127.0.0.3", port)).toBe("");
  });

  it("tells a peer that dials and dials in few lines, and loses none of them at the end", async () => {
    const world = new GateWorld();
    const port = await listen(world, []);
    for (let n = 0; n < 20; n += 1) expect(await askFrom("127.0.0.4", port)).toBe("");
    await world[Symbol.asyncDispose]();
    const told = refusals(world).map(({ reason }) => Number.parseInt(/^\d+/.exec(reason)?.[0] ?? "1", 10));
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(told.length).toBeLessThan(20);
  });

  it("serves everybody where none are named: only the sandbox reaches it", async () => {
    await using world = new GateWorld();
    const port = await listen(world, undefined);
    expect(await askFrom("127.0.0.5", port)).toContain("x-caisson-rule: no-route");
  });
});
