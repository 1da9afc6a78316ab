import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawn as spawnPty } from "@lydell/node-pty";
import { describe, expect, it } from "vitest";
import { launcher, type TestCli } from "../kit/cli.ts";
import { showOnTerminal } from "../kit/shown-on-terminal.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const matching = (pattern: RegExp) => expect.stringMatching(pattern);

/** Starts a sandbox that waits, and returns its slug. */
async function startWaiting(cli: TestCli, label: string, script = "sleep 600"): Promise<string> {
  const { stdout, stderr, exitCode } = await cli.run(["run", "--detach", "--label", label, "--", "sh", "-c", script]);
  expect({ stderr, exitCode }).toMatchObject({ exitCode: 0 });
  return stdout.trim();
}

/** Commands that look at, join and end sandboxes, on any engine. */
export function describeCommands(engine: TestEngine): void {
  describe(`looking, ${engine.name}`, () => {
    it("ls tells what runs, and with --all what ended and how", async () => {
      await using cli = engine.createCli();
      expect(await cli.run(["ls"])).toMatchObject({ stdout: "", stderr: "no sandbox\n", exitCode: 0 });
      const slug = await startWaiting(cli, "waits");
      await cli.run(["run", "--label", "fails", "--", "sh", "-c", "exit 9"]);
      expect((await cli.run(["ls"])).stdout).toMatch(
        new RegExp(`^ {2}${slug} {2}command {2}${engine.name} +running \\d+ (s|min) .* waits\n$`),
      );
      expect((await cli.run(["ls", "--all"])).stdout).toMatch(/failed \(exit 9\) \d+ (s|min) ago .* fails\n/);
      const rows = (await cli.run(["ls", "--all", "--json"])).jsonLines();
      expect(rows.map((row) => [row.label, row.state, row.end])).toEqual([
        ["fails", "ended", "failed"],
        ["waits", "running", undefined],
      ]);
    });

    it("inspect says who, what, which routes, limits and files, found by label or by the slug's beginning", async () => {
      await using cli = engine.createCli();
      const slug = await startWaiting(cli, "waits");
      const { stdout } = await cli.run(["inspect", slug.slice(0, -2)]);
      expect(stdout).toMatch(/^ {2}sandbox +\S+ \(waits\)\n {2}state +running/);
      expect((await cli.run(["inspect", "waits", "--json"])).json()).toMatchObject({
        slug,
        state: "running",
        policy: { routes: [], limits: { cpus: 2 } },
        limitMechanisms: { memory: expect.any(String) },
        steps: expect.arrayContaining([expect.objectContaining({ step: "sandbox_started", phase: "result" })]),
        files: { state: join(cli.stateRoot, "sandboxes", slug) },
      });
    });

    it("logs prints each line with its time and source, the last ones with --tail, and events with --events", async () => {
      await using cli = engine.createCli();
      await cli.run([
        "run",
        "--label",
        "talks",
        "--",
        "sh",
        "-c",
        "echo one; echo two >&2; printf '\\033]0;owned\\007\\n'",
      ]);
      const { stdout } = await cli.run(["logs", "talks"]);
      expect(stdout).toMatch(/^\d{4}-\S+Z stdout +\| one$/m);
      expect(stdout).toMatch(/^\S+ stderr +\| two$/m);
      expect(stdout).not.toContain("\u001b");
      const tail = (await cli.run(["logs", "talks", "-n", "1", "--json"])).jsonLines();
      expect(tail).toEqual([{ ts: expect.any(String), source: expect.any(String), text: expect.any(String) }]);
      const events = (await cli.run(["logs", "talks", "--events", "--json"])).jsonLines();
      expect(events.map(({ event }) => event)).toEqual(
        expect.arrayContaining(["sandbox_launching", "run_started", "run_completed", "sandbox_stopped"]),
      );
    });

    it("logs -f goes on until the run ends; Ctrl-C ends the looking alone", async () => {
      await using cli = engine.createCli();
      const slug = await startWaiting(cli, "talks", "echo first; until [ -e go ]; do sleep 0.1; done; echo last");
      const left = cli.start(["logs", "-f", slug]);
      await left.seen("first");
      left.kill("SIGINT");
      expect(await left.ended).toMatchObject({ exitCode: 0 });
      const stays = cli.start(["logs", "-f", slug]);
      await stays.seen("first");
      writeFileSync(join(cli.workspace, "go"), "");
      expect((await stays.ended).stdout).toMatch(/first[\s\S]*last/);
    });

    it("audit and verify answer for a run that asked for nothing", async () => {
      await using cli = engine.createCli();
      await cli.run(["run", "--label", "quiet", "--", "true"]);
      expect(await cli.run(["audit", "quiet"])).toMatchObject({ stdout: "", exitCode: 0 });
      expect(await cli.run(["verify", "quiet"])).toMatchObject({ stdout: "as written: 0 lines\n", exitCode: 0 });
      expect((await cli.run(["verify", "quiet", "--json"])).json()).toMatchObject({ ok: true, lines: 0 });
    });

    it("names what is not there, and what could be meant by two", async () => {
      await using cli = engine.createCli();
      for (const command of ["inspect", "logs", "audit", "verify", "stop", "rm", "attach", "shell"]) {
        expect(await cli.run([command, "nobody"])).toMatchObject({
          exitCode: 3,
          stderr: 'Cannot find sandbox "nobody"\nhint: caisson ls --all\n',
        });
      }
    });
  });

  describe(`joining, ${engine.name}`, () => {
    it("exec passes streams, variables, folder and exit code through", async () => {
      await using cli = engine.createCli();
      await startWaiting(cli, "box");
      const script = "cat; echo $A; pwd; echo err >&2; exit 7";
      const exec = await cli.run(["exec", "box", "--env", "A=b c", "--workdir", "/tmp", "--", "sh", "-c", script], {
        input: "in\n",
      });
      expect(exec).toMatchObject({ stdout: "in\nb c\n/tmp\n", stderr: "err\n", exitCode: 7 });
      const bytes = Buffer.alloc(3_000_000, "\u00ff", "latin1");
      expect((await cli.run(["exec", "box", "--", "md5sum"], { input: bytes })).stdout).toBe(
        `${(await import("node:crypto")).createHash("md5").update(bytes).digest("hex")}  -\n`,
      );
      expect(await cli.run(["exec", "box", "--", "sh", "-c", "kill -9 $$"])).toMatchObject({ exitCode: 137 });
      expect(await cli.run(["exec", "box"])).toMatchObject({ exitCode: 2, stderr: matching(/stands after "--"/) });
      expect(await cli.run(["exec", "box", "--env", "A", "--", "true"])).toMatchObject({ exitCode: 2 });
    });

    it("exec's Ctrl-C goes to the command, not to the run", async () => {
      await using cli = engine.createCli();
      await startWaiting(cli, "box");
      const exec = cli.start([
        "exec",
        "box",
        "--",
        "sh",
        "-c",
        'trap "echo caught; exit 5" INT; echo ready; sleep 60 & wait',
      ]);
      await exec.seen("ready");
      exec.kill("SIGINT");
      expect(await exec.ended).toMatchObject({ stdout: "ready\ncaught\n", exitCode: 5 });
      expect((await cli.run(["inspect", "box", "--json"])).json()).toMatchObject({ state: "running" });
    });

    it("shell runs what it is given", async () => {
      await using cli = engine.createCli();
      await startWaiting(cli, "box");
      expect(await cli.run(["shell", "box"], { input: "echo $((6*7)); exit 3\n" })).toMatchObject({
        stdout: "42\n",
        exitCode: 3,
      });
    });

    it("shell on a terminal is a terminal inside, of our size; Ctrl-] d leaves it and the run goes on", async () => {
      await using cli = engine.createCli();
      await startWaiting(cli, "box");
      const terminal = spawnPty(launcher, ["shell", "box"], {
        cols: 91,
        rows: 33,
        cwd: cli.workspace,
        env: cli.environment,
      });
      const screen = { text: "" };
      const seen = (wanted: string) =>
        new Promise<void>((resolve) => {
          const look = () => {
            if (screen.text.includes(wanted)) resolve();
          };
          terminal.onData(look);
          look();
        });
      terminal.onData((data) => {
        screen.text += data;
      });
      const exited = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
      terminal.write("stty size; [ -t 0 ] && echo is-a-$((1+1)); echo end-of-$((1+1))\r");
      await seen("end-of-2");
      expect(screen.text).toMatch(/33 91\s+is-a-2\s/);
      terminal.write("\u001dd");
      expect(await exited).toBe(0);
      expect((await cli.run(["inspect", "box", "--json"])).json()).toMatchObject({ state: "running" });
    });

    it("attach shows what was said and follows to the end with the run's exit code; Ctrl-C leaves it running", async () => {
      await using cli = engine.createCli();
      await startWaiting(cli, "box", "echo begun; until [ -e go ]; do sleep 0.1; done; echo late; exit 4");
      const left = cli.start(["attach", "box"]);
      await left.seen("begun");
      left.kill("SIGINT");
      expect(await left.ended).toMatchObject({ exitCode: 0, stderr: matching(/detached/) });
      const stays = cli.start(["attach", "box"]);
      await stays.seen("begun");
      writeFileSync(join(cli.workspace, "go"), "");
      expect(await stays.ended).toMatchObject({ stdout: "begun\nlate\n", exitCode: 4 });
      expect(await cli.run(["attach", "box"])).toMatchObject({
        exitCode: 7,
        stderr: matching(/^Cannot reach sandbox/),
      });
    });

    it("a detached run whose launch fails says so where it was started", async () => {
      await using cli = engine.createCli();
      const route = "{ host: a.example, credential: { name: lost, inject: [{ as: bearer }] } }";
      writeManifest(cli, `routes: [${route}]\ncredentials: { lost: { file: /no/such/file } }\n`);
      const { exitCode, stdout, stderr } = await cli.run(["run", "--detach", "--", "true"]);
      expect({ isGood: exitCode === 0, stdout }).toEqual({ isGood: false, stdout: "" });
      expect(stderr).toMatch(/^Cannot read credential: .*\nhint: /m);
    });
  });

  describe(`a terminal, ${engine.name}`, () => {
    it("is not driven by what a command prints, where it was not given to it", async () => {
      await using cli = engine.createCli();
      const script = "printf 'a\\033]52;c;eA==\\007\\033[2Jb\\033[31mred\\033[0m\\n'";
      writeFileSync(join(cli.workspace, "evil.sh"), script);
      // Standard output is a terminal, standard input is not: a run in the background of a person's shell.
      const call = `'${launcher}' run -- sh evil.sh </dev/null`;
      const { screen } = await showOnTerminal(["/bin/sh", "-c", call], { cwd: cli.workspace, env: cli.environment });
      expect(screen).toContain("a␛]52;c;eA==␇␛[2Jb\u001b[31mred\u001b[0m");
      // All but the title that is ours.
      const said = screen
        .replace(/\u001b\[22;0t\u001b\]0;[^\u0007\u001b]*\u0007/, "")
        .replace("\u001b]2;\u0007\u001b[23;0t", "");
      expect(said).not.toMatch(/\u001b(?!\[[0-9;]*m)/);
    });
  });

  describe(`ending, ${engine.name}`, () => {
    it("stop, rm and kill end what runs, forget what ended, and leave nothing", async () => {
      await using cli = engine.createCli();
      const first = await startWaiting(cli, "one");
      await startWaiting(cli, "two");
      await startWaiting(cli, "three");
      expect(await cli.run(["rm", "one"])).toMatchObject({
        exitCode: 7,
        stderr: matching(/it is running\nhint: caisson stop/),
      });
      expect(await cli.run(["stop", "one"])).toMatchObject({ exitCode: 0, stdout: `${first}  stopped\n` });
      expect(await cli.run(["stop", "one"])).toMatchObject({
        exitCode: 0,
        stdout: matching(/stopped \d+ (s|min) ago/),
      });
      expect(await cli.run(["rm", "one"])).toMatchObject({ exitCode: 0, stdout: `${first}  removed\n` });
      expect(existsSync(join(cli.stateRoot, "sandboxes", first))).toBe(false);
      expect(await cli.run(["rm", "--force", "two"])).toMatchObject({ exitCode: 0 });
      expect((await cli.run(["kill", "--json"])).json()).toMatchObject({ done: "killed", leftovers: [] });
      expect((await cli.run(["ls", "--all", "--json"])).jsonLines()).toMatchObject([{ label: "three", end: "killed" }]);
      expect(await cli.run(["kill"])).toMatchObject({ exitCode: 0, stderr: "nothing runs\n" });
    });

    it("cleanup says that nothing is left, and removes old runs when asked", async () => {
      await using cli = engine.createCli();
      await cli.run(["run", "--", "true"]);
      await startWaiting(cli, "stays");
      expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0, stdout: "", stderr: "nothing was left over\n" });
      expect(await cli.run(["cleanup", "--older-than", "1h"])).toMatchObject({ stdout: "" });
      expect(await cli.run(["cleanup", "--older-than", "1ms"])).toMatchObject({
        stdout: matching(/^\S+ {2}removed\n$/),
      });
      expect((await cli.run(["ls", "--all", "--json"])).jsonLines()).toMatchObject([{ label: "stays" }]);
    });
  });
}

function writeManifest(cli: TestCli, text: string): void {
  mkdirSync(cli.configDir, { recursive: true });
  writeFileSync(join(cli.configDir, "caisson.yaml"), text);
}
