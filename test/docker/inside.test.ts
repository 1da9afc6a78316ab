import { execFileSync } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawn as spawnPty } from "@lydell/node-pty";
import { describe, expect, inject, it } from "vitest";
import { launcher, type TestCli } from "../kit/cli.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const engine = dockerTestEngine(inject("dockerEngine"));

/** Git as whoever owns the workspace. */
const gitOf = (cli: TestCli, ...args: readonly string[]) => {
  const argv = ["--reuid=1000", "--regid=1000", "--clear-groups", "git", "-C", cli.workspace];
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@test.example"];
  return execFileSync("setpriv", [...argv, ...who, ...args], { encoding: "utf8", env: { PATH: process.env.PATH } });
};

describe("a workspace with git", () => {
  it("is committed to from inside, and the host sees it; hooks that are planted are not there", async () => {
    await using cli = engine.createCli();
    execFileSync("chmod", ["755", join(cli.workspace, "..")]);
    gitOf(cli, "init", "--quiet", "--initial-branch=main");
    gitOf(cli, "commit", "--quiet", "--allow-empty", "--message=first");
    const script = [
      "git config user.name Agent; git config user.email agent@test.example",
      "echo x > new.txt; git add new.txt; git commit --quiet -m second; git status --short",
      "echo evil > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit",
      "git log --format=%s",
    ].join("; ");
    expect(await cli.run(["run", "--", "sh", "-c", script])).toMatchObject({ exitCode: 0, stdout: "second\nfirst\n" });
    expect(gitOf(cli, "log", "--format=%an %s")).toBe("Agent second\nAda first\n");
    expect(gitOf(cli, "status", "--short")).toBe("");
    expect(readdirSync(join(cli.workspace, ".git/hooks"))).not.toContain("pre-commit");
    expect(statSync(join(cli.workspace, "new.txt")).uid).toBe(1000);
  });
});

describe("a terminal", () => {
  it("gives keys (Ctrl-P too), sizes, colours and Ctrl-C to the agent", async () => {
    await using cli = engine.createCli();
    const script = [
      'trap "echo INTERRUPTED; exit 7" INT',
      "stty size; printf '\\033[31mred\\033[0m\\n'; echo READY",
      "stty -icanon -echo; dd bs=1 count=2 2>/dev/null | od -An -tx1; stty icanon",
      // Keys and sizes reach the engine by ways of their own.
      'until [ "$(stty size)" = "22 77" ]; do sleep 0.1; done; echo WAITS; sleep 600',
    ].join("; ");
    const terminal = spawnPty(launcher, ["run", "--", "bash", "-c", script], {
      cols: 91,
      rows: 33,
      cwd: cli.workspace,
      env: cli.environment,
    });
    let screen = "";
    terminal.onData((data) => {
      screen += data;
    });
    const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    const seen = (text: string | RegExp) => expect.poll(() => screen).toMatch(text);
    await seen("READY");
    expect(screen).toContain("33 91");
    expect(screen).toContain("\u001b[31mred\u001b[0m");
    terminal.resize(77, 22);
    terminal.write("\u0010\u0010");
    await seen("10 10");
    await seen("WAITS");
    terminal.write("\u0003");
    await seen("INTERRUPTED");
    expect(await ended).toBe(7);
  });
});

describe("a published port", () => {
  it("is reached from outside through the gate", async () => {
    await using cli = engine.createCli();
    writeFileSync(join(cli.workspace, "hello.txt"), "from inside");
    const running = cli.start(["run", "--publish", "18080:8080", "--", "python3", "-m", "http.server", "8080"]);
    await running.seen("ready");
    const { network } = { network: inject("dockerEngine") };
    const call = [
      `--net=/run/netns/${network}`,
      "curl",
      "-sS",
      "--retry",
      "20",
      "--retry-all-errors",
      "--retry-delay",
      "1",
    ];
    const answer = execFileSync("nsenter", [...call, "http://127.0.0.1:18080/hello.txt"], { encoding: "utf8" });
    expect(answer).toBe("from inside");
    running.kill("SIGINT");
    await running.ended;
  });
});
