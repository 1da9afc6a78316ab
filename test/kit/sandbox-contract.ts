import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExecRequest, LaunchPlan, RunningProcess, Sandbox } from "../../src/spec/engine.ts";

/** A live sandbox of a contract test; stopped and removed at the end. */
export interface ContractBox extends AsyncDisposable {
  readonly sandbox: Sandbox;
}

/** Makes a sandbox whose plan differs in these points. */
export type LaunchBox = (changes?: Partial<LaunchPlan>) => Promise<ContractBox>;

interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
}

/** What every engine's sandbox does, whatever it is made of. */
export function describeSandbox(engine: string, launch: LaunchBox): void {
  describe(`a sandbox of the ${engine} engine`, () => {
    let box: ContractBox;
    beforeAll(async () => {
      box = await launch({ environment: { GREETING: "hello" } });
    });
    afterAll(() => box?.[Symbol.asyncDispose]());
    const run = (script: string, request: Partial<ExecRequest> = {}) => runIn(box.sandbox, script, request);

    it("passes input, both outputs and exit codes through", async () => {
      expect(await run("cat; echo err >&2; exit 42", {})).toMatchObject({ stderr: "err\n", exitCode: 42 });
      const cat = await box.sandbox.exec({ argv: ["cat"] });
      expect(await finish(cat, "to and fro")).toEqual({ stdout: "to and fro", stderr: "", exitCode: 0 });
    });

    it("tells an end by a signal as 128 and its number", async () => {
      expect((await run("kill -TERM $$")).exitCode).toBe(128 + 15);
      expect((await run("kill -KILL $$")).exitCode).toBe(128 + 9);
    });

    it("gives a command the plan's variables and the request's, and none of ours", async () => {
      const { stdout } = await run("env", { environment: { OWN: "this one" } });
      expect(stdout).toContain("GREETING=hello\n");
      expect(stdout).toContain("OWN=this one\n");
      expect(stdout).toMatch(/^HTTPS_PROXY=http:\/\/\S+:3128$/m);
      expect(stdout).not.toMatch(/VITEST|DOCKER_HOST|caisson-exec/);
    });

    it("passes arguments as they are", async () => {
      const argv = ["printf", "%s|", "", "a b", "$HOME", "'\"", "ü\n", "-n", "--"];
      expect((await finish(await box.sandbox.exec({ argv }))).stdout).toBe(`${argv.slice(2).join("|")}|`);
    });

    it("is an unprivileged user's, without capabilities, filtered", async () => {
      const { stdout } = await run("id -u; id -un; grep -E '^(Cap|NoNewPrivs|Seccomp):?' /proc/self/status");
      expect(stdout).toMatch(/^[1-9]\d*\nagent\n/);
      for (const set of stdout.matchAll(/^Cap\w+:\s*(\w+)/gm)) expect(set[1]).toBe("0000000000000000");
      expect(stdout).toMatch(/NoNewPrivs:\s*1/);
      expect(stdout).toMatch(/Seccomp:\s*2/);
    });

    it("lets nothing be written but home, /tmp and shared memory", async () => {
      const folders = ["/", "/usr", "/etc", "/run", "/run/caisson", "/proc/sys/kernel"];
      const tries = folders.map((dir) => `touch ${dir}/planted 2>/dev/null && echo ${dir}`).join(";");
      expect((await run(tries)).stdout).toBe("");
      expect((await run("touch ~/x /tmp/x /dev/shm/x && echo all")).stdout).toBe("all\n");
    });

    it("shares home and /tmp between commands, with the plan's umask", async () => {
      await run("echo kept > ~/note; echo too > /tmp/note");
      expect((await run("cat ~/note /tmp/note; stat -c %a ~/note")).stdout).toBe("kept\ntoo\n644\n");
    });

    it("has no route out, and answers names at once", async () => {
      expect((await run("getent hosts example.org || echo none")).stdout).toBe("none\n");
    });

    it("signals the command and what it started", async () => {
      // TERM: what a shell starts in the background ignores INT, by its standard.
      const child = "trap 'echo child >&2; exit' TERM; echo ready; while :; do sleep 0.05; done";
      const running = await box.sandbox.exec({
        argv: ["sh", "-c", `trap 'wait; exit 7' TERM; (${child}) & wait`],
      });
      running.onOutput((_, bytes) => {
        if (Buffer.from(bytes).toString().includes("ready")) running.kill("SIGTERM");
      });
      const { stderr, exitCode } = await finish(running);
      expect(exitCode).toBe(7);
      expect(stderr).toContain("child");
    });

    it("ends a command by a signal that comes before it is up", async () => {
      const running = await box.sandbox.exec({ argv: ["sleep", "1000"] });
      running.kill("SIGKILL");
      expect((await running.ended).exitCode).not.toBe(0);
    });

    it("fails clearly when the command or the folder is not there", async () => {
      const missing = await finish(await box.sandbox.exec({ argv: ["no-such-program"] }));
      expect(missing.exitCode).not.toBe(0);
      expect(missing.stderr).toContain("no-such-program");
      expect((await run("pwd", { workdir: "/no/such" })).stderr).toContain("/no/such");
    });

    it("passes 10 MB of errors and stays well", async () => {
      const result = await run("head -c 10485760 /dev/zero | tr '\\0' x >&2; echo done");
      expect(result.stderr.length).toBe(10 * 1024 ** 2);
      expect(result.stdout).toBe("done\n");
    });

    it("takes 10 MB of input", async () => {
      const running = await box.sandbox.exec({ argv: ["wc", "-c"] });
      expect((await finish(running, "x".repeat(10 * 1024 ** 2))).stdout.trim()).toBe(String(10 * 1024 ** 2));
    });

    it("holds a command back while paused", async () => {
      const running = await box.sandbox.exec({ argv: ["sh", "-c", "head -c 33554432 /dev/zero; echo end >&2"] });
      let bytes = 0;
      let isEnded = false;
      const paused = new Promise<void>((resolve) => {
        running.onOutput((stream, chunk) => {
          if (stream === "stderr") isEnded = true;
          else bytes += chunk.length;
          if (bytes < 65_536) return;
          running.pause();
          resolve();
        });
      });
      await paused;
      await run("true"); // Runs its course meanwhile: time enough for much, were it read.
      expect(isEnded).toBe(false);
      running.resume();
      const resumed = setInterval(() => running.resume(), 1);
      expect((await running.ended).exitCode).toBe(0);
      clearInterval(resumed);
      expect(bytes).toBe(32 * 1024 ** 2);
    });

    it("tells the end of a command although a daemon of its holds the output", async () => {
      expect(await run("setsid sleep 1000 & echo started")).toMatchObject({ stdout: "started\n", exitCode: 0 });
    });

    it("waits for a command that closed its outputs", async () => {
      expect((await run("exec >/dev/null 2>&1; sleep 0.5; exit 3")).exitCode).toBe(3);
    });

    it("runs many commands at once", async () => {
      const all = await Promise.all(Array.from({ length: 12 }, (_, n) => run(`echo ${n}`)));
      expect(all.map(({ stdout }) => stdout)).toEqual(all.map((_, n) => `${n}\n`));
    });
  });

  describe(`a terminal of the ${engine} engine`, () => {
    const size = { columns: 97, rows: 31, term: "xterm-256color" };
    let box: ContractBox;
    beforeAll(async () => {
      box = await launch();
    });
    afterAll(() => box?.[Symbol.asyncDispose]());
    const open = async (script: string) => {
      const running = await box.sandbox.exec({ argv: ["sh", "-c", script], pty: size });
      return { running, ...screenOf(running) };
    };

    it("has its size from the start, and takes a new one", async () => {
      const script = "stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done";
      const { running, shows, screen } = await open(script);
      await shows("ready");
      running.resize(120, 40);
      expect((await running.ended).exitCode).toBe(0);
      expect(screen()).toMatch(/^31 97\r\nready\r\n40 120\r\n$/);
    });

    it("is the command's controlling terminal, and named to it", async () => {
      const { running, screen } = await open("test -t 0 && test -t 1 && test -t 2 && echo all >/dev/tty; echo $TERM");
      await running.ended;
      expect(screen()).toBe("all\r\nxterm-256color\r\n");
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

    it("passes every key on at once, Ctrl-P and Ctrl-Q among them", async () => {
      const { running, shows, screen } = await open("stty raw -echo; echo ready; head -c 12 | od -An -tx1");
      await shows("ready");
      running.write(Buffer.from("\x10"));
      running.write(Buffer.from("\x11\x10\x10\x11\x1a\x1c\x1d\x1f\x00\x03"));
      running.write(Buffer.from("\x04"));
      await running.ended;
      expect(screen().replace(/\s+/g, " ")).toContain("10 11 10 10 11 1a 1c 1d 1f 00 03 04");
    });

    it("takes what is typed before the command is up", async () => {
      const running = await box.sandbox.exec({ argv: ["sh", "-c", "read line; echo got $line"], pty: size });
      running.write(Buffer.from("early\n"));
      const { screen } = screenOf(running);
      await running.ended;
      expect(screen()).toContain("got early");
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
  });

  describe(`stop() of the ${engine} engine`, () => {
    const stubborn = "trap '' TERM HUP INT QUIT TSTP; while :; do sleep 1000; done";
    it.each([
      ["processes that ignore signals", `echo ready; ${stubborn}`],
      ["sessions of their own", `setsid -f sh -c "echo ready; ${stubborn}"; ${stubborn}`],
      ["stopped processes", "sleep 1000 & kill -STOP $!; echo ready; kill -STOP $$"],
    ])("ends %s", async (_, script) => {
      await using box = await launch();
      const running = await box.sandbox.exec({ argv: ["sh", "-c", script] });
      await screenOf(running).shows("ready");
      expect(await box.sandbox.stop()).toEqual({ leftovers: [] });
      expect((await running.ended).exitCode).not.toBe(0);
      expect((await box.sandbox.gone).reason).not.toBe("");
      await expect(box.sandbox.exec({ argv: ["true"] })).rejects.toThrow("it has ended");
    });

    it("may be called twice, and at once", async () => {
      await using box = await launch();
      const both = await Promise.all([box.sandbox.stop(), box.sandbox.stop()]);
      expect([...both, await box.sandbox.stop()]).toEqual(Array(3).fill({ leftovers: [] }));
    });

    it("ends a sandbox while commands are being started, which then fail or end", async () => {
      await using box = await launch();
      const starting = Array.from({ length: 8 }, () => box.sandbox.exec({ argv: ["sleep", "1000"] }));
      const stopped = box.sandbox.stop();
      for (const outcome of await Promise.allSettled(starting))
        if (outcome.status === "fulfilled") expect((await outcome.value.ended).exitCode).not.toBe(0);
      expect(await stopped).toEqual({ leftovers: [] });
    });
  });

  describe(`limits of the ${engine} engine`, () => {
    const told = async (box: ContractBox) => {
      const limits: string[] = [];
      box.sandbox.onLimit((limit) => limits.push(limit));
      return limits;
    };

    it("ends what takes too much memory, and says so", async () => {
      await using box = await launch({ limits: { ...limits, memoryBytes: 64 * 1024 ** 2 } });
      const limitsHit = await told(box);
      const hog = await runIn(box.sandbox, "x=; while :; do x=$x$(head -c 4194304 /dev/zero | tr '\\0' x); done");
      expect(hog.exitCode).not.toBe(0);
      expect(limitsHit).toEqual(["memory"]);
    });

    it("starts no more processes than it may, and says so", async () => {
      await using box = await launch({ limits: { ...limits, processes: 40 } });
      const limitsHit = await told(box);
      // They sleep until the sandbox ends: where starting takes long, the first would be gone before there are too many.
      await runIn(box.sandbox, "for i in $(seq 60); do sleep 30 & done 2>/dev/null; wait");
      await runIn(box.sandbox, "true");
      expect(limitsHit).toEqual(["processes"]);
    });

    it("ends a sandbox that fills the disk", async () => {
      await using box = await launch({ limits: { ...limits, diskBytes: 32 * 1024 ** 2 } });
      const limitsHit = await told(box);
      const filler = await box.sandbox.exec({
        argv: ["sh", "-c", "for i in $(seq 100); do head -c 4194304 /dev/zero >~/$i; done; sleep 1000"],
      });
      expect((await box.sandbox.gone).reason).toContain("disk");
      expect(limitsHit).toEqual(["disk"]);
      await filler.ended;
    });
  });
}

const limits = {
  cpus: 1,
  memoryBytes: 1024 ** 3,
  processes: 256,
  diskBytes: 1024 ** 3,
  timeoutSeconds: 60,
  idleSeconds: 3600,
  outputBytes: 1024 ** 2,
};

const runIn = async (sandbox: Sandbox, script: string, request: Partial<ExecRequest> = {}) =>
  finish(await sandbox.exec({ argv: ["sh", "-c", script], ...request }));

async function finish(running: RunningProcess, input?: string): Promise<Finished> {
  const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  running.onOutput((stream, bytes) => void output[stream].push(bytes));
  if (input !== undefined) running.write(Buffer.from(input));
  running.closeInput();
  const { exitCode } = await running.ended;
  const text = (stream: "stdout" | "stderr") => Buffer.concat(output[stream]).toString();
  return { stdout: text("stdout"), stderr: text("stderr"), exitCode };
}

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
    shows: (text: string) =>
      new Promise<void>((resolve) => {
        if (screen().includes(text)) resolve();
        else waiting.push({ text, resolve });
      }),
  };
}
