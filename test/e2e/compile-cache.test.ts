import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wrapBundle } from "../../src/host/wrap-bundle.ts";
import { makeBundledCopy } from "../kit/bundled-copy.ts";
import { createTestCli } from "../kit/cli.ts";

it("the compiled code of sources is in a folder of the person's alone, whatever the umask", async () => {
  await using cli = createTestCli();
  const { NODE_COMPILE_CACHE: _, ...env } = cli.environment;
  using copy = await makeBundledCopy();
  rmSync(join(copy.root, "dist/.stamp"));
  execFileSync("sh", ["-c", `umask 000; exec "$0" --version`, copy.launcher], { env, cwd: cli.workspace });
  const folder = join(env.XDG_CACHE_HOME ?? join(cli.home, ".cache"), "caisson/compile");
  expect(statSync(folder).mode & 0o077).toBe(0);
});

it("no agent can write where compiled code is kept: such a workspace is refused", async () => {
  await using cli = createTestCli();
  const inside = join(cli.workspace, "caches");
  const own = join(cli.home, ".cache/caisson/code");
  mkdirSync(own, { recursive: true });
  symlinkSync(cli.workspace, join(cli.home, "link"));
  const calls = [
    { dir: cli.workspace, env: { NODE_COMPILE_CACHE: inside } },
    { dir: cli.workspace, env: { NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: inside } },
    { dir: cli.workspace, env: { NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: join(cli.home, "link/not/there") } },
    { dir: own, env: { NODE_COMPILE_CACHE: undefined } },
  ];
  for (const { dir, env } of calls) {
    const { exitCode, stdout, stderr } = await cli.run(["run", "--dir", dir, "--", "echo", "in a sandbox"], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
    expect(stderr).toContain("compiled code that Caisson runs is kept there");
  }
});

describe("what starts of the bundles have compiled", () => {
  const folder = mkdtempSync(join(tmpdir(), "caisson-code-"));
  const cached = join(folder, "caisson/code");
  const env: NodeJS.ProcessEnv = { ...process.env, XDG_CACHE_HOME: folder, NODE_COMPILE_CACHE: undefined };
  const call = (words: readonly string[], umask = "077") =>
    spawnSync("sh", ["-c", `umask ${umask}; exec "$0" "$@"`, copy.launcher, ...words], { env, encoding: "utf8" });
  const kept = () => readdirSync(cached).filter((name) => name.startsWith("cli-agents-"));
  let lesson = "";
  let copy: Awaited<ReturnType<typeof makeBundledCopy>>;

  beforeAll(async () => {
    copy = await makeBundledCopy();
  });
  afterAll(() => {
    copy[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  it("is learnt from three good ends and then left alone, in a folder of this person's alone", () => {
    expect(call(["agents"], "000").status).toBe(0);
    expect(statSync(cached).mode & 0o077).toBe(0);
    const names = Array.from({ length: 4 }, () => {
      const [name, ...others] = kept();
      expect(others).toEqual([]);
      expect(statSync(join(cached, name ?? "")).mode & 0o177).toBe(0);
      expect(call(["agents"]).status).toBe(0);
      return name?.at(-1);
    });
    expect(names).toEqual(["1", "2", "3", "3"]);
    lesson = join(cached, kept()[0] ?? "");
  });

  it("is not learnt from an end that was none", () => {
    expect(call(["inspect", "no-such-sandbox"]).status).not.toBe(0);
    expect(readdirSync(cached).filter((name) => name.includes("inspect"))).toEqual([]);
  });

  /** Code that says other words than the program whose text it pretends to be of: all that V8 compares is the length. */
  const foreignCode = () => {
    const length = readFileSync(join(copy.root, "dist/cli.cjs"), "latin1").length;
    const text = 'console.log("foreign code");process.exit()';
    return new Script(wrapBundle(text + " ".repeat(length - text.length))).createCachedData();
  };

  it("is run from a file that nobody else may write, and from no other", () => {
    writeFileSync(lesson, foreignCode());
    expect(call(["agents"]).stdout).toBe("foreign code\n"); // What others could do if they may write here.
    chmodSync(lesson, 0o620);
    expect(call(["agents"]).stdout).toContain("claude-code");
    if (process.geteuid?.() !== 0) return;
    chmodSync(lesson, 0o600);
    execFileSync("chown", ["65534", lesson]);
    expect(call(["agents"]).stdout).toContain("claude-code");
    execFileSync("chown", ["0", lesson]);
  });

  it("is no more than a start lost when it is cut, empty or of another Node", () => {
    const whole = foreignCode();
    for (const code of [Buffer.alloc(0), whole.subarray(0, 100), Buffer.from("no code at all")]) {
      writeFileSync(lesson, code, { mode: 0o600 });
      const { status, stdout, stderr } = call(["agents"]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain("claude-code");
    }
  });

  it("is not written below a home that is somebody else's", () => {
    if (process.geteuid?.() !== 0) return;
    const home = mkdtempSync(join(tmpdir(), "caisson-home-"));
    try {
      execFileSync("chown", ["65534", home]);
      const { status } = spawnSync(copy.launcher, ["agents"], {
        env: { ...env, HOME: home, XDG_CACHE_HOME: undefined },
      });
      expect(status).toBe(0);
      expect(readdirSync(home)).not.toContain(".cache");
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
