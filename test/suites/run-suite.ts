import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { freshMarker, processesAt, processesSaying } from "../kit/processes-saying.ts";
import type { TestEngine } from "../kit/test-engine.ts";

type Event = { event: string; seq: number; [key: string]: unknown };

const eventsOf = (stateRoot: string, slug: string): readonly Event[] =>
  readFileSync(join(stateRoot, "sandboxes", slug, "events.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const slugsOf = (stateRoot: string) => readdirSync(join(stateRoot, "sandboxes"));
const openOf = (stateRoot: string) => readdirSync(join(stateRoot, "open"));
const openRunsOf = (stateRoot: string) => (existsSync(join(stateRoot, "open")) ? openOf(stateRoot).length : 0);

/** What a run is, on any engine. */
export const describeRun = (engine: TestEngine) =>
  describe(`caisson run, ${engine.name}`, () => {
    it("must-have 1: one command starts an agent; the state folder explains the run", async () => {
      await using cli = engine.createCli();
      const result = await cli.run(["run", "--label", "first", "--", "sh", "-c", "echo out; echo err >&2"]);
      expect(result).toMatchObject({ exitCode: 0, stdout: "out\n" });
      expect(result.stderr).toContain("err");
      const [slug = ""] = slugsOf(cli.stateRoot);
      const dir = join(cli.stateRoot, "sandboxes", slug);
      const files = ["metadata.json", "policy.json", "journal.jsonl", "events.jsonl", "compose.log", "gate"];
      expect(readdirSync(dir)).toEqual(expect.arrayContaining(files));
      const metadata = { slug, label: "first", end: "completed", exitCode: 0, compose_project: `caisson-${slug}` };
      expect(JSON.parse(readFileSync(join(dir, "metadata.json"), "utf8"))).toMatchObject(metadata);
      const names = eventsOf(cli.stateRoot, slug).map((event) => event.event);
      expect(names).toEqual([
        "sandbox_launching",
        "sandbox_launched",
        "run_started",
        "run_completed",
        "sandbox_stopped",
      ]);
      expect(openOf(cli.stateRoot)).toEqual([]);
    });

    it("must-have 3: folders are 0700 and files 0600 whatever the umask", async () => {
      await using cli = engine.createCli();
      const before = process.umask(0);
      try {
        await cli.run(["run", "--", "true"]);
      } finally {
        process.umask(before);
      }
      const open = execFileSync("find", [cli.stateRoot, "-perm", "/077", "-printf", "%m %P\n"], { encoding: "utf8" });
      expect(open).toBe("");
    });

    it("passes the agent's exit code through", async () => {
      await using cli = engine.createCli();
      expect((await cli.run(["run", "--", "sh", "-c", "exit 42"])).exitCode).toBe(42);
    });

    it("tells all that a command printed, and how it ended, to a command line that had no time to attach yet", async () => {
      await using cli = engine.createCli();
      const running = cli.start(["run", "--", "sh", "-c", "seq 1 40000; exit 3"]);
      const within = (name: string) =>
        openRunsOf(cli.stateRoot) > 0 ? join(cli.stateRoot, "sandboxes", slugsOf(cli.stateRoot)[0] ?? "", name) : "";
      await expect.poll(() => existsSync(within("keeper.sock")), { interval: 1 }).toBe(true);
      process.kill(running.pid, "SIGSTOP");
      await expect.poll(() => readFileSync(within("events.jsonl"), "utf8")).toContain("sandbox_launched");
      await pause(500); // So long the command must not begin.
      process.kill(running.pid, "SIGCONT");
      const { stdout, exitCode } = await running.ended;
      expect({ lines: stdout.split("\n").length, exitCode }).toEqual({ lines: 40_001, exitCode: 3 });
    });

    it("gives standard input to a plain command, and its bytes back unchanged", async () => {
      await using cli = engine.createCli();
      const bytes = Uint8Array.from({ length: 300_000 }, (_, n) => 33 + (n % 90));
      const result = await cli.run(["run", "--", "cat"], { input: bytes });
      expect(result.stdout === Buffer.from(bytes).toString()).toBe(true);
    });

    it("holds no more than a little of an input that nobody takes, and still hears Ctrl-C", async () => {
      await using cli = engine.createCli();
      const running = cli.start(["run", "--", "sleep", "600"]);
      await running.seen("ready");
      let sent = 0;
      const block = Buffer.alloc(1024 ** 2);
      const isTaken = () =>
        new Promise<boolean>((resolve) => {
          setTimeout(() => resolve(false), 3000);
          running.stdin.write(block, () => resolve(true));
        });
      while (sent < 64 && (await isTaken())) sent += 1;
      expect(sent).toBeLessThan(16);
      running.kill("SIGINT");
      expect((await running.ended).exitCode).toBe(130);
    });

    it("must-have 9: runs at once do not collide, and their labels are listed", async () => {
      await using cli = engine.createCli();
      const labels = ["a", "b", "c"];
      const detach = (label: string) => cli.run(["run", "--detach", "--label", label, "--", "sleep", "600"]);
      const slugs = (await Promise.all(labels.map(detach))).map(({ stdout }) => stdout.trim());
      expect(new Set(slugs).size).toBe(3);
      const listed = (await cli.run(["ls"])).stdout;
      for (const text of [...slugs, ...labels, "running"]) expect(listed).toContain(text);
    });

    it("must-have 10: a dry run prints the plan as JSON and starts nothing", async () => {
      await using cli = engine.createCli();
      const flags = ["--allow", "docs.example/api", "--env", "A=1", "--memory", "512m"];
      const result = await cli.run(["run", "--dry-run", "--json", ...flags, "--", "true"]);
      expect(result.json()).toMatchObject({
        argv: ["true"],
        policy: {
          limits: { memoryBytes: 512 * 1024 ** 2 },
          routes: [{ host: "docs.example" }],
          environment: { A: "1" },
        },
      });
      expect(existsSync(join(cli.stateRoot, "sandboxes"))).toBe(false);
    });

    it("must-have 22, 34: a refusal says why, is audited, and an altered audit is found", async () => {
      await using cli = engine.createCli();
      const tunnel = await cli.run(["run", "--", "curl", "-sS", "https://paste.example/secret?x=1"]);
      expect(tunnel.stdout).toContain("rule no-route");
      const plain = await cli.run(["run", "--", "curl", "-sS", "http://paste.example/a?x=1"]);
      expect(plain.stdout).toContain("rule no-route");
      expect(plain.stdout).toContain("caisson policy allow");
      for (const slug of slugsOf(cli.stateRoot)) {
        const refused = { event: "request_refused", rule: "no-route", host: "paste.example" };
        expect(eventsOf(cli.stateRoot, slug)).toContainEqual(expect.objectContaining(refused));
        expect((await cli.run(["verify", slug])).exitCode).toBe(0);
        const audit = join(cli.stateRoot, "sandboxes", slug, "gate/audit.jsonl");
        const text = readFileSync(audit, "utf8");
        expect(text).not.toContain("x=1");
        writeFileSync(audit, text.replace("paste.example", "other.example"));
        expect((await cli.run(["verify", slug])).exitCode).not.toBe(0);
      }
    });

    it("must-have 20: a literal and a host variable arrive; a missing one fails before launch", async () => {
      await using cli = engine.createCli();
      const script = 'echo "$LITERAL $FROM_HOST $HOME"';
      const flags = ["--env", "LITERAL=one", "--env", "FROM_HOST"];
      const result = await cli.run(["run", ...flags, "--", "sh", "-c", script], { env: { FROM_HOST: "two" } });
      expect(result.stdout).toBe("one two /home/agent\n");
      const missing = await cli.run(["run", "--env", "NOT_THERE_AT_ALL", "--", "true"]);
      expect(missing.exitCode).not.toBe(0);
      expect(slugsOf(cli.stateRoot)).toHaveLength(1);
    });

    it("keeps files owned by whose workspace it is, and leaves nothing of its own in the workspace", async () => {
      await using cli = engine.createCli();
      writeFileSync(join(cli.workspace, "there.txt"), "before");
      const script = "echo new > new.txt; mkdir d; echo x > d/y; cat there.txt";
      expect((await cli.run(["run", "--", "sh", "-c", script])).stdout).toBe("before");
      expect(readdirSync(cli.workspace).sort()).toEqual(["d", "new.txt", "there.txt"]);
      const made = statSync(join(cli.workspace, "d/y"));
      expect(made.uid).toBe(statSync(cli.workspace).uid);
      // The person's own mode bits, not those of the keeper, which makes everything private.
      expect(made.mode & 0o777).toBe(0o666 & ~process.umask());
    });

    it("has no workspace with --workspace none", async () => {
      await using cli = engine.createCli();
      writeFileSync(join(cli.workspace, "there.txt"), "before");
      const result = await cli.run(["run", "--workspace", "none", "--", "sh", "-c", `pwd; ls -A ${cli.workspace}`]);
      expect(result.stdout).toBe("/home/agent\n");
    });

    it.each([0, 10, 20, 40, 80])(
      "ends its keeper, which started beside it, when it is killed after %i ms",
      async (ms) => {
        await using cli = engine.createCli();
        const running = cli.start(["run", "--", "sleep", "600"]);
        await pause(ms);
        process.kill(running.pid, "SIGKILL");
        await running.ended;
        // A run that was begun goes on; one that was not has nobody left.
        await expect
          .poll(() => openRunsOf(cli.stateRoot) > 0 || processesAt(`HOME=${cli.home}\0`).length === 0)
          .toBe(true);
      },
    );

    it("starts nobody for a command line that is wrong", async () => {
      await using cli = engine.createCli();
      expect((await cli.run(["run", "--nonsense", "--", "true"])).exitCode).toBe(2);
      await expect.poll(() => processesAt(`HOME=${cli.home}\0`)).toEqual([]);
    });

    it("must-have 6: a killed keeper is told as interrupted, and cleanup leaves nothing of it", async () => {
      await using cli = engine.createCli();
      const marker = freshMarker();
      const script = `setsid sh -c 'sleep 600; : ${marker}' & sleep 600; : ${marker}`;
      const slug = (await cli.run(["run", "--detach", "--", "sh", "-c", script])).stdout.trim();
      const metadata = JSON.parse(readFileSync(join(cli.stateRoot, "sandboxes", slug, "metadata.json"), "utf8"));
      process.kill(metadata.keeper.pid, "SIGKILL");
      await expect.poll(async () => (await cli.run(["ls"])).stdout).toContain("interrupted");
      expect((await cli.run(["cleanup"])).exitCode).toBe(0);
      expect(processesSaying(marker)).toEqual([]);
      expect(openOf(cli.stateRoot)).toEqual([]);
      expect(readdirSync(cli.workspace)).toEqual([]);
      expect(eventsOf(cli.stateRoot, slug).at(-2)).toMatchObject({ event: "run_completed", end: "interrupted" });
    });

    it("must-have 5: stopping twice is stopping once; the first end is the one kept", async () => {
      await using cli = engine.createCli();
      const slug = (await cli.run(["run", "--detach", "--", "sleep", "600"])).stdout.trim();
      const [first, second] = [await cli.run(["stop", slug]), await cli.run(["stop", slug])];
      expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
      const ends = eventsOf(cli.stateRoot, slug).filter((event) => event.event === "run_completed");
      expect(ends).toEqual([expect.objectContaining({ end: "stopped" })]);
    });

    it("must-have 7: the log of agent and gate is on disk while the run goes on, each line with its time, and still there after it", async () => {
      await using cli = engine.createCli();
      const agent = "echo begun; sleep 600";
      const run = ["run", "--detach", "--publish", "0:3000", "--", "sh", "-c", agent];
      const slug = (await cli.run(run)).stdout.trim();
      const log = join(cli.stateRoot, "sandboxes", slug, "compose.log");
      const time = "^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z";
      await expect.poll(() => readFileSync(log, "utf8")).toMatch(new RegExp(`${time} stdout \\| begun$`, "m"));
      // Nobody listens inside: the gate says so, in its own name.
      const [{ ports } = { ports: [] }] = (await cli.run(["ls", "--json"])).jsonLines<{
        ports: readonly { hostPort: number }[];
      }>();
      const [curl, argv] = engine.beside(["curl", "-sS", `http://127.0.0.1:${ports[0]?.hostPort}/`]);
      expect(spawnSync(curl, argv).status).not.toBe(0);
      await expect.poll(() => readFileSync(log, "utf8")).toMatch(new RegExp(`${time} gate {3}\\| .`, "m"));
      const during = readFileSync(log, "utf8");
      await cli.run(["stop", slug]);
      expect(readFileSync(log, "utf8").startsWith(during)).toBe(true);
    });

    it("must-have 7: the log is rotated: a flood leaves the newest of it, and what was dropped is told", async () => {
      await using cli = engine.createCli();
      const flood = "yes 0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno | head -n 1300000; echo the end";
      const slug = (await cli.run(["run", "--detach", "--", "sh", "-c", flood])).stdout.trim();
      const dir = join(cli.stateRoot, "sandboxes", slug);
      await expect.poll(() => openOf(cli.stateRoot), { timeout: 90_000, interval: 200 }).toEqual([]);
      const parts = readdirSync(dir).filter((name) => name.startsWith("compose.log"));
      expect(parts.sort()).toEqual(["compose.log", "compose.log.1", "compose.log.2", "compose.log.3"]);
      const sizes = parts.map((name) => statSync(join(dir, name)).size);
      expect(sizes.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(64 * 1024 ** 2);
      expect(readFileSync(join(dir, "compose.log"), "utf8")).toMatch(/stdout \| the end\n$/);
      expect(eventsOf(cli.stateRoot, slug)).toContainEqual(
        expect.objectContaining({ event: "limit_reached", limit: "output" }),
      );
    });

    it("must-have 35: policy allow applies while the run goes on", async () => {
      await using cli = engine.createCli();
      const script = "until [ -e go ]; do sleep 0.05; done; curl -s http://later.example:8080/other";
      const running = cli.start(["run", "--", "sh", "-c", script]);
      await running.seen("ready");
      const [slug = ""] = slugsOf(cli.stateRoot);
      expect((await cli.run(["policy", "allow", slug, "later.example:8080/api"])).exitCode).toBe(0);
      writeFileSync(join(cli.workspace, "go"), "");
      // The host now has a route: what refuses is that it is for https. (No name is looked up for a refused request.)
      expect((await running.ended).stdout).toContain("allows this host by https only");
      const changed = { event: "policy_changed", version: 2 };
      expect(eventsOf(cli.stateRoot, slug)).toContainEqual(expect.objectContaining(changed));
      const policy = readFileSync(join(cli.stateRoot, "sandboxes", slug, "policy.json"), "utf8");
      expect(policy).toContain("later.example");
    });

    it("Ctrl-C stops the run cleanly with exit 130", async () => {
      await using cli = engine.createCli();
      const running = cli.start(["run", "--", "sleep", "600"]);
      await running.seen("ready");
      running.kill("SIGINT");
      expect((await running.ended).exitCode).toBe(130);
      await expect.poll(() => openOf(cli.stateRoot)).toEqual([]);
    });

    it("outlives its terminal: the CLI is killed, the run goes on", async () => {
      await using cli = engine.createCli();
      const script = "until [ -e go ]; do sleep 0.05; done; echo done > after.txt";
      const running = cli.start(["run", "--", "sh", "-c", script]);
      await running.seen("ready");
      running.kill("SIGKILL");
      await running.ended;
      writeFileSync(join(cli.workspace, "go"), "");
      await expect.poll(() => existsSync(join(cli.workspace, "after.txt"))).toBe(true);
    });

    it("must-have 17: an unknown key of the person's manifest is told with file, line and the nearest key", async () => {
      await using cli = engine.createCli();
      const file = join(cli.workspace, "mine.yaml");
      writeFileSync(file, "routes:\n  - host: a.example\n    method: [GET]\n");
      const result = await cli.run(["run", "--manifest", file, "--", "true"]);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toMatch(/mine\.yaml:3/);
      expect(result.stderr).toContain("methods");
    });

    it("must-have 18: a repository's own manifest gets no route; the attempt is a warning", async () => {
      await using cli = engine.createCli();
      writeFileSync(join(cli.workspace, "caisson.yaml"), "routes:\n  - host: evil.example\n");
      const result = await cli.run(["run", "--", "curl", "-sS", "http://evil.example/"]);
      expect(result.stdout).toContain("rule no-route");
      expect(result.stderr).toContain("caisson.yaml");
    });
  });
