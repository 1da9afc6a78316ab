import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { GateWorld } from "../../kit/gate-world.ts";

describe("must-have 24: private addresses are refused after the name was resolved, and the checked address is dialled", () => {
  it.each([
    "127.0.0.1",
    "10.0.0.5",
    "169.254.169.254",
    "100.64.1.1",
    "192.168.1.1",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1",
    "fd00:ec2::254",
  ])("refuses a name that resolves to %s", async (address) => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    await world.configure({ routes: [api.route({ allowAddresses: [] })] });
    world.addresses.set("api.example", [address]);
    const answer = await world.ask("api.example", "GET /");
    expect(answer).toMatchObject({ status: 403, rule: "address" });
    expect(answer.body).toContain(address);
    expect(api.requests).toEqual([]);
    expect(world.decisions).toMatchObject([{ verdict: "refuse", rule: "address" }]);
  });

  it("is not led elsewhere by a name that resolves to another address the second time (rebinding)", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    await world.configure({ routes: [api.route({ allowAddresses: ["127.0.0.1/32"] })] });
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 200 });
    world.addresses.set("api.example", ["127.0.0.2"]);
    // Kept connections go to the address that was checked; a new one is checked anew.
    for (const socket of [...api.sockets]) socket.destroy();
    await expect.poll(() => api.sockets.size).toBe(0);
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 403, rule: "address" });
    expect(world.asked).toEqual(["api.example", "api.example"]);
  });

  it("resolves once for each connection, and dials that answer", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => response.end(request.socket.localAddress));
    await world.configure({ routes: [api.route()] });
    const answers = [["127.0.0.1"], ["10.0.0.1"]];
    world.addresses.get = () => answers.shift();
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 200, body: "127.0.0.1" });
    expect(answers).toEqual([["10.0.0.1"]]);
  });

  it("dials only those of several addresses that may be dialled", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    await world.configure({ routes: [api.route({ allowAddresses: ["127.0.0.1"] })] });
    world.addresses.set("api.example", ["10.0.0.1", "127.0.0.3", "127.0.0.1"]);
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 200 });
    expect(world.decisions).toMatchObject([{ address: "127.0.0.1" }]);
  });

  it("refuses the machine's own addresses and those that the keeper forbids, unless the route allows them", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    await world.configure({ routes: [api.route({ allowAddresses: [] })], forbiddenAddresses: ["203.0.113.0/28"] });
    world.addresses.set("api.example", ["203.0.113.7"]);
    expect(await world.ask("api.example", "GET /")).toMatchObject({ rule: "address" });
    world.ownAddresses = ["203.0.113.99"];
    world.addresses.set("api.example", ["203.0.113.99"]);
    expect(await world.ask("api.example", "GET /")).toMatchObject({ rule: "address" });
    world.ownAddresses = ["127.0.0.1"];
    world.addresses.set("api.example", ["127.0.0.1"]);
    await world.configure({ routes: [api.route()], forbiddenAddresses: ["127.0.0.1"] });
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 200 });
  });

  it("gives a redirect to the agent and decides what follows it anew", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => {
      response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data" });
      response.end();
    });
    await world.configure({ routes: [api.route()] });
    expect(await world.ask("api.example", "GET /")).toMatchObject({ status: 302 });
    const socket = await world.dial();
    socket.end("GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += chunk;
    expect(text).toContain("x-caisson-rule: ip-literal");
  });

  it("says what failed when the name does not resolve, nothing answers, or the certificate is another's", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.end("ok"));
    const free = createServer();
    await new Promise<void>((done) => free.listen(0, "127.0.0.1", done));
    const { port } = free.address() as { port: number };
    await new Promise((done) => free.close(done));
    await world.configure({
      routes: [
        api.route({ name: "closed", host: "closed.example", upstream: `https://api.example:${port}` }),
        api.route({ name: "nowhere", host: "nowhere.example", upstream: "https://nowhere.example" }),
        api.route({ name: "other", host: "other.example", upstream: `https://other.example:${api.port}` }),
        {
          name: "untrusted",
          host: "untrusted.example",
          upstream: `https://api.example:${api.port}`,
          allowAddresses: ["127.0.0.1"],
        },
      ],
    });
    world.addresses.set("other.example", ["127.0.0.1"]);
    for (const [host, why] of [
      ["closed.example", "ECONNREFUSED"],
      ["nowhere.example", "ENOTFOUND"],
      ["other.example", "ERR_TLS_CERT_ALTNAME_INVALID"],
      ["untrusted.example", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ] as const) {
      const answer = await world.ask(host, "GET /");
      expect(answer).toMatchObject({ status: 502, rule: "upstream" });
      expect(answer.body).toContain(why);
      expect(world.decisions.at(-1)).toMatchObject({ verdict: "allow", status: 502, rule: host.split(".")[0] });
    }
    expect(api.requests).toEqual([]);
  });
});
