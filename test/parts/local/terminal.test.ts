import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningProcess } from "../../../src/spec/engine.ts";
import { launchSandbox, type TestSandbox } from "./local-kit.ts";

const size = { columns: 97, rows: 31, term: "xterm-256color" };

describe("a terminal", () => {
  let box: TestSandbox;
  beforeAll(async () => {
    box = await launchSandbox();
  });
  afterAll(() => box[Symbol.asyncDispose]());

  /** A command in a terminal, with everything that it has printed so far. */
  async function open(script: string) {
    const running = await box.sandbox.exec({ argv: ["/bin/sh", "-c", script], pty: size });
    return { running, ...screenOf(running) };
  }

  it("has the size that was asked for, and takes a new one", async () => {
    const { running, shows, screen } = await open(
      "stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done",
    );
    await shows("ready");
    running.resize(120, 40);
    expect((await running.ended).exitCode).toBe(0);
    expect(screen()).toContain("31 97");
    expect(screen()).toContain("40 120");
  });

  it("is the command's controlling terminal, and named to it", async () => {
    const { running, screen } = await open(
      "test -t 0 && test -t 1 && test -t 2 && echo all; echo direct >/dev/tty; echo $TERM",
    );
    await running.ended;
    expect(screen()).toContain("all");
    expect(screen()).toContain("direct");
    expect(screen()).toContain("xterm-256color");
  });

  it("turns Ctrl-C into a signal for the command, which may live on", async () => {
    const { running, shows } = await open("trap 'echo caught' INT; echo ready; read line; read line; echo got $line");
    await shows("ready");
    running.write(Buffer.from("\x03"));
    await shows("caught");
    running.write(Buffer.from("one\ntwo\n"));
    await shows("got");
    expect((await running.ended).exitCode).toBe(0);
  });

  it("ends a command that does nothing about Ctrl-C", async () => {
    const { running, shows } = await open("echo ready; exec sleep 1000");
    await shows("ready");
    running.write(Buffer.from("\x03"));
    expect((await running.ended).exitCode).toBe(128 + 2);
  });

  it("lets a shell control jobs", async () => {
    const running = await box.sandbox.exec({ argv: ["bash", "--norc", "-i"], pty: size });
    const { shows, screen } = screenOf(running);
    running.write(Buffer.from("sh -c 'echo rea''dy; exec sleep 1000'\n"));
    await shows("ready");
    running.write(Buffer.from("\x1a"));
    await shows("Stopped");
    running.write(Buffer.from("exec echo still $((40 + 2))\n"));
    await running.ended;
    expect(screen()).toContain("still 42");
    expect(screen()).not.toContain("no job control");
  });

  it("types an end of input", async () => {
    const { running, shows } = await open("echo ready; cat; echo over");
    await shows("ready");
    running.closeInput();
    await shows("over");
    await running.ended;
  });

  it("passes bytes through unbroken, many of them", async () => {
    const { running, screen } = await open("stty -opost; yes 'grüße ✓' | head -n 50000");
    await running.ended;
    expect(screen().match(/grüße ✓\n/g)?.length).toBe(50_000);
  });

  it("takes more typing than anybody reads without blocking us", async () => {
    const { running, shows } = await open("stty raw -echo; echo ready; sleep 1000");
    await shows("ready");
    for (let i = 0; i < 100; i += 1) running.write(Buffer.alloc(16_384, "x"));
    expect((await box.run("echo alive")).stdout).toBe("alive\n");
    running.kill("SIGKILL");
    await running.ended;
  });

  it("is not seen by the next command", async () => {
    const { running, shows } = await open("echo ready; sleep 1000");
    await shows("ready");
    await box.run("true"); // Takes the launcher that waited since before; the next one is started while the terminal is open.
    const { stdout } = await box.run("ls -l /proc/self/fd");
    expect(stdout).not.toMatch(/ptmx|pts/);
    running.kill("SIGKILL");
    await running.ended;
  });

  it("hangs up when it is closed on the sandbox's side only when the command ended", async () => {
    const { running, screen } = await open("(trap '' HUP; sleep 1000) & echo left a daemon");
    expect((await running.ended).exitCode).toBe(0);
    expect(screen()).toContain("left a daemon");
  });
});

function screenOf(running: RunningProcess) {
  const chunks: Uint8Array[] = [];
  const waiting: { text: string; resolve: () => void }[] = [];
  const screen = () => Buffer.concat(chunks).toString();
  running.onOutput((_, bytes) => {
    chunks.push(bytes);
    if (waiting.length === 0) return;
    for (const { resolve } of waiting.filter(({ text }) => screen().includes(text))) resolve();
  });
  return {
    screen,
    /** Resolves when the text has been printed. */
    shows: (text: string) =>
      new Promise<void>((resolve) => {
        if (screen().includes(text)) resolve();
        else waiting.push({ text, resolve });
      }),
  };
}
