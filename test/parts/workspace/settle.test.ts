import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { GuardReport } from "../../../src/sandbox/workspace/settle-guard.ts";
import { git, guardWorkspace, listing, makeArea, makeRepository, put } from "./guard-kit.ts";

const told = (report: GuardReport) => report.notes.map(({ action, path, detail }) => `${action} ${path}: ${detail}`);

/** Files below a folder that hold a pattern; samples of hooks are git's own. */
function search(pattern: string, dir: string): readonly string[] {
  const { stdout } = spawnSync("grep", ["-rlE", pattern, "--exclude=*.sample", dir], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("the configuration of a repository", () => {
  it("takes what is on the list, and names what is not", async () => {
    using area = makeArea();
    makeRepository(area);
    git(area, area.workspace, "remote", "add", "origin", "https://git.example.test/own.git");
    git(area, area.workspace, "config", "pull.ff", "only");
    const guarded = await guardWorkspace(area);
    const inside = guarded.run(`
      set -e
      git config user.email agent@example.test
      git remote add fork https://git.example.test/fork.git
      git remote add ssh git@git.example.test:fork.git
      git checkout -q -b topic && git branch -q --track tracked main
      git config branch.topic.remote fork && git config branch.topic.merge refs/heads/topic
      git config pull.ff false
      git config --unset remote.origin.fetch
      git remote set-url origin https://evil.example.test/own.git
      git remote add ext 'ext::sh -c touch% /tmp/x'
      git remote add local /tmp/evil.git
      git remote add token https://u:secret@git.example.test/x.git
      git config branch.main.remote ext
      git config core.sshCommand 'sh -c evil'
      git config core.fsmonitor /tmp/evil
      git config core.editor evil
      git config alias.status '!evil'
      git config filter.x.clean evil
      git config include.path /tmp/evil
      git config credential.helper '!evil'
      git config url.https://evil.example.test/.insteadOf https://git.example.test/
      git config remote.fork.uploadpack evil
      git config remote.fork.proxy http://evil
      git config protocol.ext.allow always
    `);
    expect(inside.code, inside.output).toBe(0);
    const report = await guarded.settle();

    const config = git(area, area.workspace, "config", "--local", "--list");
    expect(config).not.toMatch(/evil|ext::|secret/);
    expect(config).toContain("user.email=agent@example.test");
    expect(config).toContain("remote.fork.url=https://git.example.test/fork.git");
    expect(config).toContain("remote.ssh.url=git@git.example.test:fork.git");
    expect(config).toContain("branch.topic.remote=fork");
    expect(config).toContain("branch.tracked.merge=refs/heads/main");
    expect(config).toContain("pull.ff=false");
    expect(config).toContain("remote.origin.url=https://git.example.test/own.git");
    expect(config).toContain("remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*");
    expect(told(report).filter((line) => line.startsWith("dropped .git/config"))).toHaveLength(20);
    expect(told(report)).toContainEqual(
      expect.stringMatching(/dropped .*core.fsmonitor = \/tmp\/evil: not on the list/),
    );
  });

  it("leaves to the person what the person changed meanwhile", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    guarded.run("git config pull.rebase true; git config push.default current");
    git(area, area.workspace, "config", "pull.rebase", "false");
    git(area, area.workspace, "config", "core.editor", "vi");
    const report = await guarded.settle();
    expect(git(area, area.workspace, "config", "pull.rebase")).toBe("false");
    expect(git(area, area.workspace, "config", "push.default")).toBe("current");
    expect(git(area, area.workspace, "config", "core.editor")).toBe("vi");
    expect(told(report)).toContainEqual(
      expect.stringMatching(/dropped .*pull.rebase = true: it changed on the host too/),
    );
  });

  it("does not show the agent what is secret in it, and keeps it", async () => {
    using area = makeArea();
    makeRepository(area);
    git(area, area.workspace, "remote", "add", "origin", "https://me:hunter2@git.example.test/own.git");
    git(area, area.workspace, "config", "http.https://git.example.test/.extraheader", "AUTHORIZATION: basic hunter2");
    git(area, area.workspace, "config", "url.https://hunter2@git.example.test/.insteadOf", "https://git.example.test/");
    const before = readFileSync(join(area.workspace, ".git/config"), "utf8");
    const guarded = await guardWorkspace(area);
    const inside = guarded.run("cat .git/config; git remote -v; grep -r hunter2 . || echo none");
    expect(inside.output).toContain("https://git.example.test/own.git");
    expect(inside.output).not.toContain("hunter2");
    expect(inside.output).toContain("none");
    expect(search("hunter2", area.stateRoot)).toEqual([]);
    expect(await guarded.settle()).toEqual({ notes: [], leftovers: [] });
    expect(readFileSync(join(area.workspace, ".git/config"), "utf8")).toBe(before);
  });
});

describe("repositories that an agent makes in the tree", () => {
  it("keep working and lose what git of the host would run", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const inside = guarded.run(`
      set -e
      git init -q sub && cd sub && git commit -q --allow-empty -m sub && cd ..
      git -C sub config core.fsmonitor evil && git -C sub config user.name Sub
      git -C sub config core.worktree /tmp && git -C sub config --unset core.worktree; git -C sub config core.sshCommand evil
      printf '#!/bin/sh\\n' > sub/.git/hooks/pre-commit && chmod +x sub/.git/hooks/pre-commit
      echo /tmp > sub/.git/objects/info/alternates
      git clone -q --bare . bare.git && git -C bare.git config core.hooksPath evil
      printf '#!/bin/sh\\n' > bare.git/hooks/post-receive
      mkdir gone && echo 'gitdir: /tmp/elsewhere' > gone/.git
      mkdir linked && ln -s /tmp/elsewhere linked/.git
      mkdir -p hidden/c hidden/w tricked && cp -r sub/.git/objects sub/.git/refs sub/.git/config hidden/c/
      cp sub/.git/HEAD hidden/w/ && echo ../c > hidden/w/commondir && echo 'gitdir: ../hidden/w' > tricked/.git
      git -C tricked config core.pager evil
      git worktree add -q wt -b wt && cd wt && git commit -q --allow-empty -m inwt && cd ..
    `);
    expect(inside.code, inside.output).toBe(0);
    const report = await guarded.settle();
    expect(report.leftovers).toEqual([]);
    expect(search("evil|#!/bin/sh", area.workspace)).toEqual([]);
    expect(git(area, join(area.workspace, "sub"), "log", "-1", "--format=%s")).toBe("sub");
    expect(git(area, join(area.workspace, "sub"), "config", "user.name")).toBe("Sub");
    expect(existsSync(join(area.workspace, "gone/.git"))).toBe(false);
    expect(readdirSync(join(area.workspace, "linked"))).toEqual([]);
    expect(git(area, join(area.workspace, "wt"), "log", "-1", "--format=%s %D")).toBe("inwt HEAD -> wt");
    expect(git(area, area.workspace, "worktree", "list")).toContain("[wt]");
    const disarmed = report.notes.filter(({ action }) => action === "disarmed").map(({ path }) => path);
    expect(disarmed).toEqual(
      expect.arrayContaining([
        "sub/.git/config",
        "sub/.git/hooks/pre-commit",
        "sub/.git/objects/info/alternates",
        "bare.git/config",
        "bare.git/hooks/post-receive",
        "gone/.git",
        "linked/.git",
        "hidden/c/config",
      ]),
    );
    expect(git(area, area.workspace, "status", "--porcelain")).not.toContain("fatal");
  });

  it("a repository of the person's that cannot be mounted over is disarmed where it changed", async () => {
    using area = makeArea();
    makeRepository(area);
    const bare = join(area.workspace, "fixtures/x.git");
    git(area, area.workspace, "clone", "-q", "--bare", ".", bare);
    git(area, bare, "config", "receive.denyNonFastForwards", "true");
    put(bare, { "hooks/update": "#!/bin/sh\n# mine\n" });
    const guarded = await guardWorkspace(area);
    const untouched = listing(bare);
    expect(guarded.run("git push -q fixtures/x.git HEAD:refs/heads/new").code).toBe(0);
    await guarded.settle();
    expect({ ...untouched, ...listing(bare, /objects|refs/) }).toEqual(untouched);

    const again = await guardWorkspace(area, { slug: "second" });
    again.run("cd fixtures/x.git && git config core.fsmonitor evil && echo evil > hooks/pre-receive");
    const report = await again.settle();
    expect(git(area, bare, "config", "--list")).not.toContain("evil");
    expect(readdirSync(join(bare, "hooks")).filter((name) => !name.endsWith(".sample"))).toEqual(["update"]);
    expect(told(report)).toHaveLength(2);
  });
});

describe("with the state on another file system", () => {
  it("repositories are taken over and disarmed all the same", async () => {
    using area = makeArea({ stateOn: "/dev/shm" });
    put(area.workspace, { "a.txt": "one\n" });
    const guarded = await guardWorkspace(area);
    expect(statSync(area.workspace).dev).not.toBe(statSync(area.stateRoot).dev);
    const inside = guarded.run(`
      set -e
      git init -q && git add -A && git commit -qm first
      git init -q sub && git -C sub commit -q --allow-empty -m sub && git -C sub config core.fsmonitor evil
      echo evil > sub/.git/hooks/pre-commit; mkdir gone && echo 'gitdir: /tmp/evil' > gone/.git
    `);
    expect(inside.code, inside.output).toBe(0);
    expect((await guarded.settle()).leftovers).toEqual([]);
    expect(git(area, area.workspace, "log", "-1", "--format=%s")).toBe("first");
    expect(git(area, area.workspace, "fsck", "--no-dangling")).toBe("");
    expect(git(area, join(area.workspace, "sub"), "log", "-1", "--format=%s")).toBe("sub");
    expect(git(area, join(area.workspace, "sub"), "config", "--list")).not.toContain("evil");
    expect(existsSync(join(area.workspace, "sub/.git/hooks/pre-commit"))).toBe(false);
    expect(existsSync(join(area.workspace, "gone/.git"))).toBe(false);
    expect(Object.keys(listing(area.workspace, /^(\.git|sub\/\.git)\//))).toEqual([
      ".git",
      "a.txt",
      "gone",
      "gone/.git.disarmed-by-caisson",
      "sub",
      "sub/.git",
    ]);

    const again = await guardWorkspace(area, { slug: "second" });
    expect(again.run("echo two >> a.txt && git commit -qam second && git checkout -q -b topic").code).toBe(0);
    expect((await again.settle()).leftovers).toEqual([]);
    expect(git(area, area.workspace, "log", "-1", "--format=%s %D")).toBe("second HEAD -> topic, main");
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("?? gone/\n?? sub/");
  });
});

describe("links", () => {
  it("that lead out are named, and nothing is followed", async () => {
    using area = makeArea();
    makeRepository(area);
    put(area.home, { "secret.txt": "hunter2\n" });
    const guarded = await guardWorkspace(area);
    const secret = join(area.home, "secret.txt");
    guarded.run(`
      ln -s ${area.home} home; ln -s /etc/passwd p; ln -s a.txt fine
      for name in HEAD index MERGE_MSG FETCH_HEAD packed-refs config; do ln -sf ${secret} .git/$name; done
      rm -rf .git/info .git/logs; ln -s ${area.home} .git/info; ln -s ${area.home} .git/logs
      ln -sf ${secret} .git/refs/heads/evil; mkfifo .git/refs/heads/pipe; touch .git/refs/heads/main.lock
      rm -rf .git/hooks; ln -s ${area.home} .git/hooks
    `);
    const report = await guarded.settle();
    expect(report.leftovers).toEqual([]);
    const noticed = told(report).filter((line) => line.startsWith("noticed"));
    expect(noticed).toHaveLength(2);
    expect(noticed.join()).toMatch(/home: a new link that leads out.*p: a new link/);
    expect(readdirSync(area.home).sort()).toEqual([".gitconfig", "secret.txt"]);
    expect(readFileSync(secret, "utf8")).toBe("hunter2\n");
    expect([...search("hunter2", area.stateRoot), ...search("hunter2", join(area.workspace, ".git"))]).toEqual([]);
    expect(git(area, area.workspace, "log", "-1", "--format=%s")).toBe("second");
    expect(readdirSync(join(area.workspace, ".git/refs/heads"))).toEqual(["main"]);
  });
});

describe("settling", () => {
  it("is the same a second time, and after the workspace is gone", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    guarded.run("git commit -q --allow-empty -m x; git config pull.rebase true; git config alias.x '!x'");
    const report = await guarded.settle();
    git(area, area.workspace, "commit", "-q", "--allow-empty", "-m", "person");
    const after = listing(area.workspace);
    expect(await guarded.settle()).toEqual(report);
    expect(listing(area.workspace)).toEqual(after);

    const other = await guardWorkspace(area, { slug: "second" });
    rmSync(area.workspace, { recursive: true });
    expect(await other.settle()).toEqual({ notes: [], leftovers: [] });
  });

  it("waits for a git of the person's, and says what it could not do", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    guarded.run("git checkout -q -b topic && git config pull.rebase true");
    const lock = join(area.workspace, ".git/HEAD.lock");
    writeFileSync(lock, "");
    const first = await guarded.settle();
    expect(first.leftovers).toEqual([join(area.workspace, ".git/HEAD")]);
    expect(readFileSync(lock, "utf8")).toBe("");
    rmSync(lock);
    const second = await guarded.settle();
    expect(second.leftovers).toEqual([]);
    expect(git(area, area.workspace, "branch", "--show-current")).toBe("topic");
    expect(git(area, area.workspace, "config", "pull.rebase")).toBe("true");
  });

  it("keeps what somebody put into a placeholder", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    put(area.workspace, { ".cursor/rules": "mine\n" });
    await guarded.settle();
    expect(readFileSync(join(area.workspace, ".cursor/rules"), "utf8")).toBe("mine\n");
    expect(existsSync(join(area.workspace, ".codex"))).toBe(false);
  });
});

describe("what the person is told", () => {
  it("has a bound, and says when there was more", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const inside = guarded.run(
      'for n in $(seq 1500); do printf "[alias]\\n\\ta%s = !evil\\n" $n; done >>.git/config; git config user.name Agent',
    );
    expect(inside.code, inside.output).toBe(0);
    const report = await guarded.settle();
    expect(report.notes.length).toBeLessThanOrEqual(110);
    expect(told(report)).toContain("noticed .git/config: more than 100 notes: the rest is not told");
    expect(git(area, area.workspace, "config", "--list")).not.toContain("evil");
  });

  it("names a folder whose name is no text: nothing in it was looked at", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const inside = guarded.run(
      "mkdir -p \"$(printf 'deep/a\\377')/.git\"; mkdir \"$(printf 'deep/fine-\\303\\244')\"; echo done",
    );
    expect(inside.output).toContain("done");
    const notes = told(await guarded.settle());
    expect(notes.filter((line) => line.includes("its name is no text"))).toHaveLength(1);
    expect(notes).toContainEqual(expect.stringMatching(/^noticed deep\/a\ufffd: its name is no text/));
  });
});
