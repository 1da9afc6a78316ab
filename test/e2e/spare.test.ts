import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findSpare, spareFolder, sparePlace } from "../../src/run/spare-place.ts";
import { makeBundledCopy } from "../kit/bundled-copy.ts";
import { createTestCli, type TestCli } from "../kit/cli.ts";
import {
  inPipe,
  isThere,
  keeperOf,
  metadataOf,
  ownProcesses,
  readMaybe,
  type SpareRun,
  slugOf,
  spareCalls,
  until,
  waitingSpare,
} from "../kit/spare-calls.ts";

type Copy = Awaited<ReturnType<typeof makeBundledCopy>>;

let copy: Copy;
beforeAll(async () => {
  copy = await makeBundledCopy();
});
afterAll(() => copy[Symbol.dispose]());
const { keepSpare, startSpare, waitingKeeper, piped, pipedLater, start, callerOf } = spareCalls(() => copy.launcher);

describe("a run that a spare serves", () => {
  it("says, answers and ends as one that booted itself", async () => {
    await using cli = createTestCli();
    const program = 'echo "$1|$2|$3"; pwd; umask; cat; echo words >&2; exit 7';
    const words = ["--engine", "local", "--", "sh", "-c", program, "-", "two words", "two\nlines", ""];
    const call = () => piped(cli, `umask 027; printf 'typed' | "$0" run "$@" 2>&1`, words);
    const cold = call();
    expect(cold.code).toBe(7);
    const { keeper } = await keepSpare(cli);
    const served = call();
    expect(withoutSlug(served)).toEqual(withoutSlug(cold));
    expect(keeperOf(cli, slugOf(served))).toBe(keeper);
  });

  it("is followed by the next one, each by its own spare", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    const keepers: number[] = [];
    for (let round = 0; round < 3; round++) {
      const keeper = await waitingKeeper(cli);
      const run = piped(cli, `"$0" run "$@" 2>&1`, ["--engine", "local", "--", "echo", `round ${round}`]);
      expect(run.text).toContain(`round ${round}`);
      expect(keeperOf(cli, slugOf(run))).toBe(keeper);
      keepers.push(keeper);
    }
    expect(new Set(keepers).size).toBe(3);
  });

  it("has the caller's own answers to wrong words, and its exit code", async () => {
    await using cli = createTestCli();
    for (const words of [
      ["--no-such-option", "x"],
      ["no-such-agent", "do it"],
    ]) {
      const cold = piped(cli, `"$0" run "$@" 2>&1`, words);
      await keepSpare(cli);
      expect(piped(cli, `"$0" run "$@" 2>&1`, words)).toEqual(cold);
      expect(cold.code).not.toBe(0);
    }
  });

  it("is one of two that come at once; both are right", async () => {
    await using cli = createTestCli();
    const { keeper } = await keepSpare(cli);
    const both = await Promise.all(
      ["one", "two"].map((word) => pipedLater(cli, `"$0" run "$@" 2>&1`, ["--engine", "local", "--", "echo", word])),
    );
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(({ text }) => /^(one|two)$/m.exec(text)?.[1])).toEqual(["one", "two"]);
    expect(both.filter((run) => keeperOf(cli, slugOf(run)) === keeper)).toHaveLength(1);
  });

  it("is asked for by a path from where the caller stands, from a shell that hands down its functions", async () => {
    await using cli = createTestCli({ "BASH_FUNC_which%%": "() { :; }" });
    const { keeper } = await keepSpare(cli);
    const run = piped(cli, `cd "\${0%/*}/.." && bin/caisson run "$@" 2>&1`, [
      "--engine",
      "local",
      "--",
      "echo",
      "hello",
    ]);
    expect(run).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
    expect(keeperOf(cli, slugOf(run))).toBe(keeper);
  });

  it("is ended by the caller's signals, as its own", async () => {
    await using cli = createTestCli();
    const { keeper } = await keepSpare(cli);
    const seconds = 10_000 + process.pid;
    const call = start(cli, `exec "$0" run "$@" 2>&1 | cat`, sleeping(seconds));
    await call.seen("up");
    const [slug = ""] = readdirSync(join(cli.stateRoot, "sandboxes"));
    expect(keeperOf(cli, slug)).toBe(keeper);
    process.kill(callerOf(cli), "SIGTERM");
    await call.ended;
    await until(() => metadataOf(cli, slug).endedAt !== undefined);
    // Found by a number that is this run's alone: others may be at work on this machine.
    await until(() => spawnSync("pgrep", ["-f", `slee[p] ${seconds}`]).status === 1);
  });

  it("loses its caller to kill -9 as it would lose its terminal: nothing waits for ever", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    const spare = findSpare(spareFolder(cli.stateRoot))?.pid ?? 0;
    const call = start(cli, `exec "$0" run "$@" 2>&1 | cat`, sleeping(61));
    await call.seen("up");
    process.kill(callerOf(cli), "SIGKILL");
    await until(() => !isThere(spare));
    await cli.run(["kill"]);
  });

  it("ends its caller when it is killed itself, and says so", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    const spare = findSpare(spareFolder(cli.stateRoot))?.pid ?? 0;
    const call = start(cli, `{ "$0" run "$@" 2>&1; echo "code $?"; } | cat`, sleeping(62));
    await call.seen("up");
    process.kill(spare, "SIGKILL");
    const text = await call.ended;
    expect(text).toContain("Lost the run's command line: it was killed");
    expect(text).toContain("code 137");
    await cli.run(["kill"]);
  });
});

describe("a caller's question", () => {
  it("is answered once, whatever signal comes before the answer", async () => {
    await using cli = createTestCli();
    using spare = fakeSpare(cli);
    const call = start(cli, `{ "$0" run "$@" 2>&1; echo "code $?"; } | cat`, ["--", "sh", "-c", "echo ran by itself"]);
    await spare.asked();
    process.kill(callerOf(cli), "SIGWINCH");
    await sleep(200); // So long it must not take this for an answer.
    spare.say("yes\nexit 7\n");
    expect(await call.ended).toBe("code 7\n");
  });

  it("ends with its caller's interrupt when it is not answered: nothing boots", async () => {
    await using cli = createTestCli();
    using spare = fakeSpare(cli);
    const call = start(cli, `{ "$0" run "$@" 2>&1; echo "code $?"; } | cat`, ["--", "sh", "-c", "echo ran by itself"]);
    await spare.asked();
    process.kill(callerOf(cli), "SIGTERM");
    await until(() => spare.heard().includes("TERM\n"));
    spare.say("no\n");
    expect(await call.ended).toMatch(/^(Terminated\n)?code 143\n$/);
  });
});

describe("a run that the spare does not serve boots by itself", () => {
  const cases: Readonly<Record<string, { shell: string; reason: RegExp }>> = {
    "another variable": { shell: 'OTHER=1 "$0" run "$@" 2>&1', reason: /^variable OTHER$/ },
    "a variable less": { shell: 'unset CAISSON_ENGINE; "$0" run "$@" 2>&1', reason: /^variable CAISSON_ENGINE$/ },
    "another limit": { shell: 'ulimit -n 512; "$0" run "$@" 2>&1', reason: /^limits$/ },
    "another priority": { shell: 'nice -n 5 "$0" run "$@" 2>&1', reason: /^nice$/ },
    "less rights": { shell: 'setpriv --no-new-privs "$0" run "$@" 2>&1', reason: /^NoNewPrivs$/ },
    "another place among the processors": { shell: 'taskset 1 "$0" run "$@" 2>&1', reason: /^Cpus_allowed$/ },
    "no standard input": { shell: '"$0" run "$@" <&- 2>&1', reason: /^$/ },
    "output to a file": {
      shell: '"$0" run "$@" >out 2>&1; code=$?; cat out; rm out; exit $code',
      reason: /^standard stream 1/,
    },
  };
  for (const [name, { shell, reason }] of Object.entries(cases)) {
    it(name, async () => {
      await using cli = createTestCli();
      const { keeper } = await keepSpare(cli);
      const run = piped(cli, `(${shell})`, ["--engine", "local", "--", "echo", "hello"]);
      expect(run).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
      expect(keeperOf(cli, slugOf(run))).not.toBe(keeper);
      expect(readMaybe(join(spareFolder(cli.stateRoot), "refused"))).toMatch(reason);
      // It waits on, for whom it is meant.
      const next = piped(cli, `"$0" run "$@" 2>&1`, ["--engine", "local", "--", "echo", "hello"]);
      expect(keeperOf(cli, slugOf(next))).toBe(keeper);
    });
  }

  it("and the spare waits on, longer than it would for one who claimed it and died", async () => {
    await using cli = createTestCli();
    const { keeper } = await keepSpare(cli);
    piped(cli, `(OTHER=1 "$0" run "$@" 2>&1)`, ["--engine", "local", "--", "true"]);
    await sleep(4000);
    expect(isThere(keeper)).toBe(true);
    expect(readMaybe(join(spareFolder(cli.stateRoot), "refused"))).toBe("variable OTHER");
  });

  it("when Caisson was built anew; a spare of the new build takes its place", async () => {
    await using cli = createTestCli();
    const { keeper } = await keepSpare(cli);
    execFileSync(process.execPath, [join(copy.root, "bin/build.ts")]);
    const run = piped(cli, `"$0" run "$@" 2>&1`, ["--engine", "local", "--", "echo", "hello"]);
    expect(run).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
    expect(keeperOf(cli, slugOf(run))).not.toBe(keeper);
    await until(() => !isThere(keeper));
    expect(await waitingKeeper(cli)).not.toBe(keeper);
  });

  it("when a source has changed since Caisson was built, be it this moment: the run is of the source", async () => {
    await using cli = createTestCli();
    using own = await makeBundledCopy();
    const call = (...words: readonly string[]) =>
      spawnSync("sh", ["-c", inPipe(`"$0" "$@" 2>&1`), own.launcher, ...words], {
        env: cli.environment,
        cwd: cli.workspace,
        encoding: "utf8",
        timeout: 30_000,
      }).stdout;
    expect(call("spare")).toContain("a spare waits");
    const spare = findSpare(spareFolder(cli.stateRoot))?.pid ?? 0;
    const file = join(own.root, "src/cli/run/announce-run.ts");
    const source = readFileSync(file, "utf8");
    const changed = source.replace("  agent      $", "  by source  $");
    expect(changed).not.toBe(source);
    writeFileSync(file, changed);
    expect(call("run", "--engine", "local", "--", "true")).toContain("by source");
    await until(() => !isThere(spare));
    expect(existsSync(spareFolder(cli.stateRoot))).toBe(false);
    // Asked for another one, it says what is the matter.
    expect(call("spare")).toMatch(/Cannot keep a spare: it needs bundles .*npm run build\n[\s\S]*code=6\n$/);
  });
});

describe("a spare", () => {
  it("ends by itself, by --stop and by kill, and nothing of it is left", async () => {
    await using cli = createTestCli();
    const ends: Readonly<Record<string, () => Promise<unknown>>> = {
      "by itself": async () => {},
      "by --stop": () => cli.run(["spare", "--stop"]),
      "by kill": () => cli.run(["kill"]),
    };
    for (const [how, end] of Object.entries(ends)) {
      startSpare(cli, "--for", how === "by itself" ? "2s" : "10m");
      await end();
      await until(() => ownProcesses(cli).length === 0);
      expect(readdirSync(cli.stateRoot).filter((name) => name.startsWith("spare"))).toEqual([]);
    }
  });

  it("has no successor when it was ended while it ran, or while the successor booted", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    const call = start(cli, `"$0" run "$@" 2>&1 | cat`, ["--engine", "local", "--", "sh", "-c", "echo up; sleep 2"]);
    await call.seen("up");
    await cli.run(["spare", "--stop"]);
    await call.ended;
    await until(() => ownProcesses(cli).length === 0);
    expect(readdirSync(cli.stateRoot).filter((name) => name.startsWith("spare"))).toEqual([]);
  });

  it("leaves nothing for good when it is killed while it boots", async () => {
    await using cli = createTestCli();
    mkdirSync(join(cli.stateRoot, "spare.4711"), { recursive: true });
    await cli.run(["kill"]);
    expect(readdirSync(cli.stateRoot).filter((name) => name.startsWith("spare"))).toEqual([]);
  });

  it("ends when its folder is removed", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    rmSync(spareFolder(cli.stateRoot), { recursive: true });
    await until(() => ownProcesses(cli).length === 0);
    expect(existsSync(spareFolder(cli.stateRoot))).toBe(false);
  });

  it("takes its keeper and gate with it when it is killed, and the next run boots by itself", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    process.kill(waitingSpare(cli), "SIGKILL");
    await until(() => ownProcesses(cli).length === 0);
    const run = piped(cli, `"$0" run "$@" 2>&1`, ["--engine", "local", "--", "echo", "hello"]);
    expect(run).toMatchObject({ code: 0, text: expect.stringContaining("hello") });
    expect(existsSync(spareFolder(cli.stateRoot))).toBe(false);
  });

  it("ends when its keeper is killed", async () => {
    await using cli = createTestCli();
    const { keeper } = await keepSpare(cli);
    process.kill(keeper, "SIGKILL");
    await until(() => ownProcesses(cli).length === 0);
    expect(existsSync(spareFolder(cli.stateRoot))).toBe(false);
  });

  it("does not wait for somebody who claimed it and died", async () => {
    await using cli = createTestCli();
    const { keeper } = await keepSpare(cli);
    writeFileSync(join(spareFolder(cli.stateRoot), "claimed"), "");
    await until(() => !isThere(keeper));
    expect(await waitingKeeper(cli)).not.toBe(keeper);
  });

  it("that was killed after somebody had claimed it leaves its folder to the next cleanup, which leaves a living one alone", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    expect((await cli.run(["cleanup"])).exitCode).toBe(0);
    expect(findSpare(spareFolder(cli.stateRoot))).toBeDefined();
    const spare = findSpare(spareFolder(cli.stateRoot))?.pid ?? 0;
    process.kill(spare, "SIGSTOP");
    writeFileSync(join(spareFolder(cli.stateRoot), "claimed"), "");
    process.kill(spare, "SIGKILL");
    await until(() => ownProcesses(cli).length === 0);
    expect((await cli.run(["cleanup"])).exitCode).toBe(0);
    expect(existsSync(spareFolder(cli.stateRoot))).toBe(false);
  });

  it("is one: a second takes the first one's place", async () => {
    await using cli = createTestCli();
    const first = await keepSpare(cli);
    const second = await keepSpare(cli);
    // Longer than some seconds the old one does not wait for its keeper's end.
    await until(() => !isThere(first.keeper));
    expect(isThere(second.keeper)).toBe(true);
  });

  it("is in a folder of its person's alone", async () => {
    await using cli = createTestCli();
    await keepSpare(cli);
    const listed = execFileSync("find", [spareFolder(cli.stateRoot), "-perm", "/077"], { encoding: "utf8" });
    expect(listed).toBe("");
  });
});

/** Words of a run that says when it is up, and lasts. */
const sleeping = (seconds: number) => ["--engine", "local", "--", "sh", "-c", `echo up; sleep ${seconds}`];

/** Pipes where a spare would wait, and this test instead of one. */
function fakeSpare(cli: TestCli) {
  const place = sparePlace(spareFolder(cli.stateRoot));
  mkdirSync(place.folder, { recursive: true });
  execFileSync("mkfifo", [place.ask, place.answer]);
  const [ask, answer] = [place.ask, place.answer].map((path) =>
    openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
  );
  let text = "";
  const heard = () => {
    const bytes = Buffer.alloc(4096);
    try {
      text += bytes.toString("latin1", 0, readSync(ask ?? -1, bytes));
    } catch {
      // Nothing new.
    }
    return text;
  };
  const say = (words: string) => void writeSync(answer ?? -1, words);
  say("ready\n");
  return {
    heard,
    asked: () => until(() => heard().endsWith("\0")),
    say,
    [Symbol.dispose]: () => {
      for (const pipe of [ask, answer]) closeSync(pipe ?? -1);
    },
  };
}

/** Times and names differ from run to run. */
const withoutSlug = (run: SpareRun) => ({
  ...run,
  text: run.text.replaceAll(slugOf(run), "SLUG").replaceAll(/\d+\.\d+ s/g, "T s"),
});
