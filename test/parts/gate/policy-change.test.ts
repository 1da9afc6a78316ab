import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { GateProcess } from "../../kit/gate-process.ts";
import { GateWorld } from "../../kit/gate-world.ts";

const certificateOf = ({ ca }: GateWorld) => ({ certificate: ca.certificate, key: ca.key });

describe("must-have 35: a policy applies at once, whole or not at all, and cuts nothing", () => {
  it("applies to the next request of an open connection", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    await world.configure({ routes: [] });
    const socket = await world.tls("api.example");
    const ask = async () => {
      socket.write("GET / HTTP/1.1\r\nHost: api.example\r\n\r\n");
      return (await once(socket, "data"))[0].toString().slice(0, 12);
    };
    expect(await ask()).toBe("HTTP/1.1 403");
    await world.configure({ routes: [api.route()] });
    expect(await ask()).toBe("HTTP/1.1 200");
    await world.configure({ routes: [] });
    expect(await ask()).toBe("HTTP/1.1 403");
    socket.destroy();
  });

  it("cuts no running download, also when its route goes", async () => {
    await using world = new GateWorld();
    let answer: ServerResponse | undefined;
    const api = await world.upstream("api.example", (_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("first");
      answer = response;
    });
    await world.configure({ routes: [api.route()] });
    const socket = await world.tls("api.example");
    socket.write("GET / HTTP/1.1\r\nHost: api.example\r\n\r\n");
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await expect.poll(() => text).toContain("first");
    await world.configure({ routes: [] });
    answer?.end("later");
    await expect.poll(() => text).toContain("firstlater");
    socket.destroy();
    // What was kept under the old policy is not kept on.
    await expect.poll(() => api.sockets.size).toBe(0);
  });

  it.each<[string, object, object?]>([
    ["an unknown key", { routes: [{ name: "r", host: "a.example", hots: "x" }] }],
    ["an address as host", { routes: [{ name: "r", host: "10.0.0.1" }] }],
    ["a broken CIDR", { routes: [{ name: "r", host: "a.example", allowAddresses: ["10.0.0.0/99"] }] }],
    ["a path that no request can have", { routes: [{ name: "r", host: "a.example", paths: [{ prefix: "/a/../b" }] }] }],
    [
      "an unknown credential",
      { routes: [{ name: "r", host: "a.example", credential: { name: "none", inject: [{ as: "bearer" }] } }] },
    ],
    ["an older version", { version: 1 }],
    ["a broken CA", {}, { ca: { certificate: "x", key: "y" } }],
    ["a model mode that is none", { model: "dead" }],
  ])("refuses %s, and the old policy stays", async (_, sandbox: object, more: object = {}) => {
    await using gate = new GateProcess();
    await using world = new GateWorld();
    const id = "brisk-otter";
    await gate.configure(
      { id, routes: [{ name: "a", host: "a.example", paths: [{ exact: "/only" }] }] },
      { ca: certificateOf(world) },
    );
    const bad = { type: "configure", sandbox: { id, version: 2, routes: [], credentials: [], ...sandbox }, ...more };
    gate.child.stdin?.write(`${JSON.stringify(bad)}\n`);
    expect((await gate.next("rejected")).reason).not.toBe("");
    world.port = await gate.listener(id);
    expect(await world.ask("a.example", "GET /other")).toMatchObject({ rule: "no-route-path" });
    await gate.configure({ id, routes: [] });
    expect(await world.ask("a.example", "GET /other")).toMatchObject({ rule: "no-route" });
  });

  it("lets a `once` route pass exactly one request, also of many at the same moment", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    const once = api.route({ name: "once", once: true });
    await world.configure({ routes: [once] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.ask("api.example", "GET /")));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ rule }) => rule === "no-route-spent")).toHaveLength(19);
    expect(world.all("spent")).toEqual([{ type: "spent", sandbox: world.id, route: "once" }]);
    expect(api.requests).toHaveLength(1);
    // Still spent after another change; new once the keeper has taken it out.
    await world.configure({ routes: [once, { name: "b", host: "b.example" }] });
    expect(await world.ask("api.example", "GET /")).toMatchObject({ rule: "no-route-spent" });
    await world.configure({ routes: [] });
    await world.configure({ routes: [once] });
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 200 });
  });

  it("keeps the connections of a route that stays the same, and no others", async () => {
    await using world = new GateWorld();
    let connections = 0;
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    api.server.on("secureConnection", () => connections++);
    const routes = [api.route()];
    await world.configure({ routes });
    await world.ask("api.example", "GET /");
    await world.configure({ routes: [{ name: "b", host: "b.example" }, ...routes] });
    await world.ask("api.example", "GET /");
    expect(connections).toBe(1);
    await world.configure({ routes: [api.route({ allowAddresses: ["127.0.0.1"] })] });
    await world.ask("api.example", "GET /");
    expect(connections).toBe(2);
  });
});
