import { describe, expect, it } from "vitest";
import { Decision } from "../../../src/spec/gate-protocol.ts";
import { GateWorld, readAnswer } from "../../kit/gate-world.ts";

describe("must-have 34: every decision is told, without a secret", () => {
  it("tells one line for each request, allowed or refused, with nothing of what it carried", async () => {
    await using world = new GateWorld();
    const api = await world.upstream("api.example", (request, response) => {
      request.resume();
      response.end("answer-body-secret");
    });
    await world.configure({
      routes: [api.route({ paths: [{ prefix: "/v1" }], credential: { name: "key", inject: [{ as: "bearer" }] } })],
      credentials: [{ name: "key", placeholder: "placeholder-0123456789" }],
    });
    world.credential("key", "real-value-0123456789");
    const secrets = ["query-secret", "header-secret", "body-secret", "real-value-0123456789", "placeholder-0123456789"];
    const headers = ["X-A: header-secret", "Authorization: Bearer placeholder-0123456789"];
    await world.ask("api.example", "POST /v1/x?a=query-secret", { headers, body: "body-secret" });
    await world.ask("api.example", "POST /v2/x?a=query-secret", {
      headers: ["X-A: header-secret"],
      body: "body-secret",
    });
    await world.ask("evil.example", "GET /?query-secret", { headers });
    await world.ask("api.example", "GET /v1/%00query-secret?query-secret");
    await world.ask("api.example", `GET /v1/${"x".repeat(2_000)}`);
    const { socket } = await world.tunnel("10.0.0.1:443");
    await readAnswer(socket);
    expect(world.decisions.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual([
      "allow api",
      "refuse no-route-path",
      "alarm placeholder",
      "refuse malformed",
      "allow api",
      "refuse ip-literal",
    ]);
    for (const decision of world.decisions) expect(Decision.parse(decision)).toEqual(decision);
    const told = JSON.stringify(world.messages);
    for (const secret of [...secrets, "answer-body-secret"])
      expect(told.replaceAll("%00query-secret", "")).not.toContain(secret);
    expect(world.decisions[0]).toMatchObject({
      method: "POST",
      scheme: "https",
      host: "api.example",
      port: 443,
      path: "/v1/x",
      status: 200,
      requestBytes: 11,
      responseBytes: 18,
      credential: "key",
    });
    expect(world.decisions[4]?.path).toHaveLength(512);
  });

  it("tells of what is under way when the gate is shut", async () => {
    const world = new GateWorld();
    const api = await world.upstream("api.example", (_, response) => response.write("half"));
    await world.configure({ routes: [api.route()] });
    const socket = await world.tls("api.example");
    socket.write("GET / HTTP/1.1\r\nHost: api.example\r\n\r\n");
    await expect.poll(() => socket.read()?.toString()).toContain("half");
    world.gate.close("the keeper is gone");
    expect(world.decisions).toMatchObject([{ verdict: "allow", reason: "the keeper is gone", responseBytes: 4 }]);
    await world[Symbol.asyncDispose]();
    socket.destroy();
  });
});
