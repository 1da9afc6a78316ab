import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { identifyProcess } from "../../../src/host/process-identity.ts";
import { localDefences } from "../../../src/sandbox/local/defences.ts";
import { createLocalEngine } from "../../../src/sandbox/local/local-engine.ts";
import { launchSandbox, localHost } from "./local-kit.ts";

const fixture = join(import.meta.dirname, "gate-fixture.ts");

function startGate(extraCaFile?: string) {
  const engine = createLocalEngine({ host: localHost(), defences: localDefences });
  return engine.startGate({
    program: [fixture],
    readOnlyPaths: [import.meta.dirname],
    keeper: identifyProcess(process.pid),
    ...(extraCaFile !== undefined && { extraCaFile }),
  });
}

describe("startGate()", () => {
  it("confines the gate: host network, and of the rest nothing of the person's", async () => {
    const gate = startGate();
    const [bytes] = await once(gate.stdout!, "data");
    const seen = JSON.parse(String(bytes));
    gate.stdin?.end();
    expect((await once(gate, "exit"))[0]).toBe(0);
    expect(seen.environment.filter((name: string) => !/^(PATH|PWD|NODE_CHANNEL)/.test(name))).toEqual([]);
    expect(seen.interfaces).toEqual(Object.keys(networkInterfaces()).sort());
    expect(seen.processes).toBe(2);
    expect(seen.resolver).toBe(true);
    expect(seen.unix).not.toBe("listens");
    for (const name of ["home", "root", "var", "sys", "srv", "mnt"]) {
      // A folder of that name is there only as a step on the way to our own program.
      if (!fixture.startsWith(`/${name}/`) && !process.execPath.startsWith(`/${name}/`))
        expect(seen.roots).not.toContain(name);
    }
    for (const line of seen.status) {
      if (line.startsWith("Cap")) expect(line).toMatch(/0000000000000000$/);
      else expect(line).toMatch(/^(Seccomp:\s*2|NoNewPrivs:\s*1)$/);
    }
  });

  it.each(["/nonexistent/ca.pem", "relative/ca.pem", "/tmp"])(
    "starts the gate when NODE_EXTRA_CA_CERTS is %s, as any Node starts",
    async (file) => {
      const gate = startGate(file);
      const [bytes] = await Promise.race([once(gate.stdout!, "data"), once(gate, "exit")]);
      expect(JSON.parse(String(bytes)).environment).not.toContain("NODE_EXTRA_CA_CERTS");
      gate.stdin?.end();
      await once(gate, "exit");
    },
  );

  it("gives the gate a listener that only it accepts on", async () => {
    await using box = await launchSandbox();
    const gate = startGate();
    await once(gate.stdout!, "data");
    const listener = await box.prepared.openListener(3128);
    gate.send({ type: "listener" }, listener, () => listener.close());
    await once(gate, "message");
    const ask = "exec 3<>/dev/tcp/127.0.0.1/3128 && cat <&3";
    const answers = await Promise.all(Array.from({ length: 5 }, () => box.run(ask, { argv: ["bash", "-c", ask] })));
    expect(answers.map(({ stdout }) => stdout)).toEqual(Array(5).fill("the gate answers\n"));
    gate.stdin?.end();
    await once(gate, "exit");
    const refused = await box.run(ask, { argv: ["bash", "-c", ask] });
    expect(refused.stderr).toContain("refused");
  });
});

describe("openListener()", () => {
  it.each([
    ["Perl", true],
    ["Node alone", false],
  ])("listens on the sandbox's loopback and not on ours, by %s", async (_, perl) => {
    await using box = await launchSandbox({ perl });
    const listener = await box.prepared.openListener(40_123);
    const { connect } = await import("node:net");
    const ours = connect(40_123, "127.0.0.1");
    expect((await once(ours, "error"))[0].code).toBe("ECONNREFUSED");
    listener.on("connection", (socket) => socket.end("inside\n"));
    const ask = "cat </dev/tcp/127.0.0.1/40123";
    expect((await box.run("", { argv: ["bash", "-c", ask] })).stdout).toBe("inside\n");
    listener.close();
  });

  it("fails clearly on a port that is taken, and on a sandbox that is gone", async () => {
    await using box = await launchSandbox();
    const listener = await box.prepared.openListener(3128);
    await expect(box.prepared.openListener(3128)).rejects.toThrow("EADDRINUSE");
    listener.close();
    await box.sandbox.stop();
    await expect(box.prepared.openListener(3128)).rejects.toThrow("it has ended");
  });
});
