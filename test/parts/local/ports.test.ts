import { once } from "node:events";
import { realpathSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { findMarked } from "../../../src/sandbox/local/owner-mark.ts";
import type { Dialer, Dialled } from "../../../src/sandbox/local/start-dialer.ts";
import { launchSandbox, localHost } from "./local-kit.ts";

/** Of the marked processes of a sandbox those that are Node's: the others are bubblewraps. */
const findDialers = (stateDir: string) =>
  findMarked(localHost(), stateDir).filter(
    (pid) => localHost().files.linkTarget(`/proc/${pid}/exe`) === realpathSync(process.execPath),
  );

const dial = (dialer: Dialer, port: number) => new Promise<Dialled>((done) => dialer.dial(port, done));

describe("a sandbox's dialer", () => {
  it("reaches the sandbox's loopback and nothing of the host's", async () => {
    await using box = await launchSandbox();
    const host = createServer();
    host.listen(0, "127.0.0.1");
    await once(host, "listening");
    const address = host.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const dialer = await box.prepared.startDialer();
    expect(await dial(dialer, port)).toEqual({ reason: "ECONNREFUSED" });
    host.close();

    const running = await box.sandbox.exec({
      argv: [
        process.execPath,
        "-e",
        `require("node:net").createServer().listen(${port}, "127.0.0.1", () => console.log("up"))`,
      ],
    });
    await new Promise<void>((done) => running.onOutput((_, bytes) => String(bytes) === "up\n" && done()));
    const inside = await dial(dialer, port);
    if (!("handle" in inside)) throw new Error(inside.reason);
    inside.handle.close();
  });

  it("ends with its sandbox, and tells whoever waits for it", async () => {
    const box = await launchSandbox();
    const dialer = await box.prepared.startDialer();
    expect(findDialers(box.stateDir)).toHaveLength(1);
    await box.sandbox.stop();
    await expect.poll(() => findDialers(box.stateDir)).toEqual([]);
    expect(await dial(dialer, 3000)).toMatchObject({ reason: expect.stringContaining("ended") });
    await box[Symbol.asyncDispose]();
  });

  it("is found and ended by its mark when it outlived its keeper, even stopped", async () => {
    await using box = await launchSandbox();
    await box.prepared.startDialer();
    const [pid = 0] = findDialers(box.stateDir);
    process.kill(pid, "SIGSTOP");
    expect(await box.engine.reap(box.stateDir, {})).toEqual([]);
    expect(findDialers(box.stateDir)).toEqual([]);
  });
});
