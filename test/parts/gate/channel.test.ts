import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GateProcess } from "../../kit/gate-process.ts";
import { GateWorld, readAll } from "../../kit/gate-world.ts";

describe("the gate's process", () => {
  it("says first that it is ready", async () => {
    await using gate = new GateProcess();
    await gate.next("ready");
    expect(gate.messages[0]).toEqual({ type: "ready", protocol: 1 });
  });

  it("answers every line of garbage and goes on", async () => {
    await using gate = new GateProcess();
    await gate.next("ready");
    const known = fc.constantFrom(
      "configure",
      "listen",
      "credential",
      "answer",
      "remove",
      "ping",
      "kill",
      "ready",
      "x",
    );
    const message = fc.record(
      { type: known, sandbox: fc.anything(), id: fc.anything(), value: fc.anything() },
      { requiredKeys: [] },
    );
    const line = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      // A whole `kill` would be obeyed, and rightly.
      message
        .filter((value) => value.type !== "kill" || value.sandbox !== undefined)
        .map((value) => JSON.stringify(value) ?? ""),
    );
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
        for (const text of lines) gate.child.stdin?.write(`${text.replaceAll("\n", " ")}\n`);
        gate.child.stdin?.write(Buffer.from([0xff, 0xfe, 0x0a]));
        n += 1;
        gate.send({ type: "ping", id: `after-${n}` });
        await gate.next("pong", ({ id }) => id === `after-${n}`);
      }),
      { numRuns: 50 },
    );
    expect(gate.child.exitCode).toBeNull();
  });

  it("quotes nothing of a line that it does not take", async () => {
    await using gate = new GateProcess();
    gate.child.stdin?.write(
      '{"type":"credential","sandbox":"a","name":"SECRET NAME","value":"secret-value"}\n{"secret-value\n',
    );
    gate.send({ type: "ping", id: "1" });
    await gate.next("pong");
    expect(gate.messages.filter(({ type }) => type === "fault")).toHaveLength(2);
    expect(JSON.stringify(gate.messages)).not.toContain("secret-value");
  });

  it.each([
    ["its standard input ends", (gate: GateProcess) => gate.child.stdin?.end()],
    ["its IPC channel is closed", (gate: GateProcess) => gate.child.disconnect()],
    ["it is told to", (gate: GateProcess) => gate.send({ type: "kill" })],
    ["it is terminated", (gate: GateProcess) => gate.child.kill("SIGTERM")],
  ])("ends when %s, and everything with it", async (_, end) => {
    await using gate = new GateProcess();
    await using world = new GateWorld();
    const { certificate, key } = world.ca;
    await gate.configure({ id: world.id }, { ca: { certificate, key } });
    world.port = await gate.listener(world.id);
    const open = await world.tls("api.example");
    const exit = once(gate.child, "exit");
    end(gate);
    expect(await exit).toEqual([0, null]);
    await readAll(open);
    await expect(world.dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("serves a listener of its own and one that was handed over, each as its own sandbox", async () => {
    await using gate = new GateProcess();
    await using world = new GateWorld();
    const { certificate, key } = world.ca;
    await gate.configure(
      { id: "one", routes: [{ name: "a", host: "a.example", paths: [{ exact: "/x" }] }] },
      { ca: { certificate, key } },
    );
    await gate.configure({ id: "two" }, { ca: { certificate, key } });
    world.port = await gate.listener("one");
    expect(await world.ask("a.example", "GET /")).toMatchObject({ rule: "no-route-path" });
    world.port = await gate.listen("two");
    expect(await world.ask("a.example", "GET /")).toMatchObject({ rule: "no-route" });
    await gate.next("audit", ({ decision }) => decision.sandbox === "two");
  });
});
