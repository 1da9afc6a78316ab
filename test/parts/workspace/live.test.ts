import { existsSync, readFileSync, renameSync, rmdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { GuardNote } from "../../../src/sandbox/workspace/guard-plan.ts";
import { watchGuard } from "../../../src/sandbox/workspace/watch-guard.ts";
import {
  type Area,
  type GuardedArea,
  git,
  guardHost,
  guardWorkspace,
  listing,
  makeArea,
  makeRepository,
  put,
} from "./guard-kit.ts";

/** Resolves when this file of the host's git directory says so. */
async function until(area: Area, file: string, isSo: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const watcher = watch(join(area.workspace, ".git"), (_, name) => {
      if (name === file) check();
    });
    const check = () => {
      if (!isSo()) return;
      watcher.close();
      resolve();
    };
    check();
  });
}

/** Notes as they are told; `told` resolves when there are that many. */
function collectNotes() {
  const notes: GuardNote[] = [];
  let wake = () => {};
  const tell = (note: GuardNote) => {
    notes.push(note);
    wake();
  };
  const told = async (count: number) => {
    while (notes.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { notes, tell, told };
}

/** A shell inside that runs what it is told, one script after the other, while the test goes on. */
function shellInside(guarded: GuardedArea) {
  const child = guarded.start('while read -r line; do eval "$line"; echo "done $?"; done 2>&1');
  const ended = new Promise((resolve) => child.once("close", resolve));
  let seen = "";
  let wake = () => {};
  child.stdout?.on("data", (bytes: Buffer) => {
    seen += bytes.toString();
    wake();
  });
  return {
    run: async (line: string) => {
      seen = "";
      child.stdin?.write(`${line}\n`);
      while (!/done \d+\n/.test(seen)) await new Promise<void>((resolve) => (wake = resolve));
      return { code: Number(/done (\d+)\n/.exec(seen)?.[1]), output: seen.replace(/done \d+\n/, "") };
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}

describe("while the run lasts", () => {
  it("host and agent see one repository", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const notes: GuardNote[] = [];
    await using mirror = watchGuard(guardHost, guarded.plan, (note) => notes.push(note));
    await using inside = shellInside(guarded);

    expect(
      await inside.run("git checkout -q -b topic && echo new > n.txt && git add n.txt && git commit -qm inside"),
    ).toEqual({ code: 0, output: "" });
    await until(area, "HEAD", () => git(area, area.workspace, "branch", "--show-current") === "topic");
    await mirror.flush();
    expect(git(area, area.workspace, "log", "-1", "--format=%s %D")).toBe("inside HEAD -> topic");
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("");

    put(area.workspace, { "h.txt": "host\n" });
    git(area, area.workspace, "add", "h.txt");
    git(area, area.workspace, "commit", "-qm", "outside");
    git(area, area.workspace, "checkout", "-q", "-b", "hosts");
    await mirror.flush();
    expect((await inside.run("git log -1 --format='%s %D'; git status --porcelain")).output).toBe(
      "outside HEAD -> hosts, topic\n",
    );

    expect(
      await inside.run("git merge -q main && git pack-refs --all && git branch -q -D main && git tag t"),
    ).toMatchObject({ code: 0 });
    await mirror.flush();
    expect(git(area, area.workspace, "branch", "--format=%(refname:short)")).toBe("hosts\ntopic");
    git(area, area.workspace, "gc", "-q");
    await mirror.flush();
    expect(
      (await inside.run("git branch -a --format='%(refname:short)'; git tag; git fsck --no-dangling")).output,
    ).toBe("hosts\ntopic\nt\n");
    expect(notes).toEqual([]);
  });

  it("a bad file stays inside, is told once, and a good one comes through after it", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const notes: GuardNote[] = [];
    await using mirror = watchGuard(guardHost, guarded.plan, (note) => notes.push(note));
    await using inside = shellInside(guarded);
    await inside.run(
      "echo 'ref: ../../evil' > .git/HEAD; ln -sf /etc/passwd .git/MERGE_MSG; echo junk > .git/index; echo junk > .git/packed-refs",
    );
    await mirror.flush();
    await mirror.flush();
    expect(notes.map(({ action, path }) => `${action} ${path}`).sort()).toEqual(
      ["HEAD", "MERGE_MSG", "index", "packed-refs"].map((name) => `dropped .git/${name}`),
    );
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("");
    await inside.run(
      "rm .git/index .git/MERGE_MSG .git/packed-refs; echo 'ref: refs/heads/main' > .git/HEAD; git reset -q; echo x > x.txt; git add x.txt",
    );
    await mirror.flush();
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("A  x.txt");
  });

  it("an index that hides a change from status and diff does not reach the host", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const notes: GuardNote[] = [];
    await using mirror = watchGuard(guardHost, guarded.plan, (note) => notes.push(note));
    await using inside = shellInside(guarded);
    const file =
      git(area, area.workspace, "ls-files")
        .split("\n")
        .find((name) => !name.startsWith(".")) ?? "";
    for (const flag of ["--assume-unchanged", "--skip-worktree"]) {
      await inside.run(`git update-index ${flag} ${file}; echo planted >> ${file}; git status --porcelain`);
      await mirror.flush();
      expect(git(area, area.workspace, "status", "--porcelain")).toContain(file);
    }
    expect(notes).toContainEqual(expect.objectContaining({ action: "dropped", path: ".git/index" }));
    await guarded.settle();
    expect(git(area, area.workspace, "status", "--porcelain")).toContain(file);
  });

  it("waits for a lock of the person's git and leaves it alone", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    await using mirror = watchGuard(guardHost, guarded.plan, () => {});
    const lock = join(area.workspace, ".git/HEAD.lock");
    writeFileSync(lock, "");
    guarded.run("git checkout -q -b topic");
    await mirror.flush();
    expect(git(area, area.workspace, "branch", "--show-current")).toBe("main");
    expect(readFileSync(lock, "utf8")).toBe("");
    rmSync(lock);
    await until(area, "HEAD", () => git(area, area.workspace, "branch", "--show-current") === "topic");
    await guarded.settle();
  });
});

describe("what is planted while the run lasts", () => {
  it("right below the workspace is disarmed at once, deeper down at the end", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const { notes, tell, told } = collectNotes();
    await using watch = watchGuard(guardHost, guarded.plan, tell);
    await using inside = shellInside(guarded);
    await inside.run(
      "git init -q sub && git -C sub config core.fsmonitor evil && echo evil > sub/.git/hooks/pre-commit",
    );
    await told(2);
    await watch.flush();
    expect(readFileSync(join(area.workspace, "sub/.git/config"), "utf8")).not.toContain("evil");
    expect(existsSync(join(area.workspace, "sub/.git/hooks/pre-commit"))).toBe(false);
    expect(await inside.run("git -C sub commit -q --allow-empty -m works")).toMatchObject({ code: 0 });
    await inside.run("git init -q a/b/deep && git -C a/b/deep config core.fsmonitor evil");
    await watch.flush();
    expect(git(area, join(area.workspace, "sub"), "config", "--list")).not.toContain("evil");
    expect(notes.map(({ action, path }) => `${action} ${path}`)).toEqual([
      "disarmed sub/.git/config",
      "disarmed sub/.git/hooks/pre-commit",
    ]);
    await inside[Symbol.asyncDispose]();
    await watch.close();
    await guarded.settle();
    expect(git(area, join(area.workspace, "a/b/deep"), "config", "--list")).not.toContain("evil");
  });

  it("a protected path that is replaced on the host is told", async () => {
    using area = makeArea();
    makeRepository(area);
    put(area.workspace, { ".mcp.json": "{}\n" });
    const guarded = await guardWorkspace(area);
    const notes: GuardNote[] = [];
    await using watch = watchGuard(guardHost, guarded.plan, (note) => notes.push(note));
    put(area.workspace, { "new.json": "{1}\n" });
    renameSync(join(area.workspace, "new.json"), join(area.workspace, ".mcp.json"));
    rmdirSync(join(area.workspace, ".bashrc"));
    await watch.flush();
    expect(notes.map(({ path }) => path).sort()).toEqual([".bashrc", ".mcp.json"]);
    const report = await guarded.settle();
    expect(report.notes.map(({ path }) => path)).toEqual([".mcp.json"]);
  });
});

describe("two sandboxes in one workspace", () => {
  it("share it, and the last one to end cleans up", async () => {
    using area = makeArea();
    makeRepository(area);
    const before = listing(area.workspace, /^\.git/);
    const [first, second] = [
      await guardWorkspace(area, { slug: "first" }),
      await guardWorkspace(area, { slug: "second" }),
    ];
    expect(second.plan.placeholders).toEqual(first.plan.placeholders);
    await using inside = shellInside(second);
    expect(await inside.run("git checkout -q -b two && git commit -q --allow-empty -m two")).toMatchObject({ code: 0 });
    expect(first.run("git commit -q --allow-empty -m one && git config pull.rebase true").code).toBe(0);
    expect((await first.settle()).leftovers).toEqual([]);
    // What the first one's end leaves is what the second one still stands on.
    expect(await inside.run("echo evil > .bashrc")).not.toMatchObject({ code: 0 });
    expect(await inside.run("rmdir .bashrc")).not.toMatchObject({ code: 0 });
    await inside[Symbol.asyncDispose]();
    expect((await second.settle()).leftovers).toEqual([]);
    expect(listing(area.workspace, /^\.git/)).toEqual(before);
    expect(git(area, area.workspace, "log", "-1", "--format=%s", "main")).toBe("one");
    expect(git(area, area.workspace, "log", "-1", "--format=%s", "two")).toBe("two");
    expect(git(area, area.workspace, "config", "pull.rebase")).toBe("true");
    expect(Object.keys(listing(join(area.stateRoot, "workspaces")))).toEqual([]);
  });

  it.each(["first", "second"])(
    "share it where each has a state folder of its own, and the %s one ends first",
    async (early) => {
      using area = makeArea();
      using elsewhere = makeArea();
      makeRepository(area);
      const other = { ...area, stateRoot: elsewhere.stateRoot };
      const before = listing(area.workspace, /^\.git/);
      const first = await guardWorkspace(area, { slug: "twin" });
      const second = await guardWorkspace(other, { slug: "twin" });
      expect(second.plan.placeholders).toEqual(first.plan.placeholders);
      const [goes, stays] = early === "first" ? [first, second] : [second, first];
      await using inside = shellInside(stays);
      await inside.run("true");
      expect((await goes.settle()).leftovers).toEqual([]);
      expect(await inside.run("echo evil > .bashrc || rmdir .bashrc")).not.toMatchObject({ code: 0 });
      await inside[Symbol.asyncDispose]();
      expect((await stays.settle()).leftovers).toEqual([]);
      expect(listing(area.workspace, /^\.git/)).toEqual(before);
    },
  );

  it("a repository made in one does not take the other one's place away", async () => {
    using area = makeArea();
    const [first, second] = [
      await guardWorkspace(area, { slug: "first" }),
      await guardWorkspace(area, { slug: "second" }),
    ];
    await using inside = shellInside(second);
    await inside.run("true");
    expect(first.run("git init -q && git commit -q --allow-empty -m one").code).toBe(0);
    const report = await first.settle();
    expect(report.notes.map(({ action, detail }) => `${action} ${detail}`)).toEqual([
      expect.stringMatching(/^dropped .*another sandbox runs in this workspace/),
    ]);
    expect(
      await inside.run("git init -q && git config core.fsmonitor evil && git commit -q --allow-empty -m two"),
    ).toMatchObject({ code: 0 });
    await inside[Symbol.asyncDispose]();
    await second.settle();
    expect(git(area, area.workspace, "log", "-1", "--format=%s")).toBe("two");
    expect(git(area, area.workspace, "config", "--list")).not.toContain("evil");
  });
});
