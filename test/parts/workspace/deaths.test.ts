import { spawnSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { holdGitDir } from "../../../src/sandbox/workspace/git/hold-git-dir.ts";
import { mirroredNames } from "../../../src/sandbox/workspace/git/mirror-base.ts";
import { mirrorGitDir } from "../../../src/sandbox/workspace/git/mirror-git-dir.ts";
import type { GuardPlan } from "../../../src/sandbox/workspace/guard-plan.ts";
import { planGuard } from "../../../src/sandbox/workspace/plan-guard.ts";
import { prepareGuard } from "../../../src/sandbox/workspace/prepare-guard.ts";
import { readWorkspaceFacts } from "../../../src/sandbox/workspace/read-workspace-facts.ts";
import { settleGuard } from "../../../src/sandbox/workspace/settle-guard.ts";
import { type Area, git, guardHost, guardWorkspace, listing, makeArea, makeRepository, put } from "./guard-kit.ts";
import { mortal } from "./mortal-host.ts";

const dying = join(import.meta.dirname, "dying-guard.ts");
const guardDirOf = (area: Area) => join(area.stateRoot, "sandboxes", "brisk-otter-1", "guard");
const nothing = { intent: () => {}, result: () => {} };

function makeProject(area: Area): void {
  makeRepository(area);
  put(area.workspace, { ".husky/pre-commit": "true\n", ".gitignore": "sub\n" });
  git(area, area.workspace, "add", "-A");
  git(area, area.workspace, "commit", "-qm", "third");
  git(area, area.workspace, "config", "core.hooksPath", ".husky");
}

/** What an agent does that gives the end something to do of each kind. */
const work = `
  git checkout -q -b topic; echo t > t.txt; git add t.txt; git commit -qm topic; git tag t1; git pack-refs --all
  echo s > s.txt; git add s.txt; echo st >> a.txt; git stash -q -- a.txt
  git config pull.rebase true; git config alias.x '!evil'; git remote add fork https://git.example.test/f.git
  git init -q sub; git -C sub commit -q --allow-empty -m sub; git -C sub config core.fsmonitor evil; echo evil > sub/.git/hooks/pre-push
  echo evil > .husky/pre-commit; mkdir g; echo 'gitdir: /tmp/x' > g/.git
  git worktree add -q wt; ln -s /etc/passwd out; ln -sf x .git/refs/heads/odd
`;

async function prepare(area: Area, host = guardHost): Promise<void> {
  const facts = await readWorkspaceFacts(host, { dir: area.workspace, home: area.home, stateRoot: area.stateRoot });
  await prepareGuard(host, planGuard(facts, guardDirOf(area)), nothing);
}

/** Tells the plan the inodes of a tree that was put back. */
function renumber(area: Area): void {
  const path = join(guardDirOf(area), "plan.json");
  const plan = JSON.parse(readFileSync(path, "utf8")) as GuardPlan;
  const ino = (file: string) => lstatSync(file).ino;
  const gitDirs = plan.gitDirs.map((unit) => ({ ...unit, ino: ino(unit.path) }));
  const mounts = plan.mounts.map((mount) => (mount.ino === undefined ? mount : { ...mount, ino: ino(mount.target) }));
  writeFileSync(path, JSON.stringify({ ...plan, ino: ino(plan.workspace), gitDirs, mounts }));
}

/** The tree without what differs from one run to the next of the same commands. */
const result = (area: Area) => ({
  files: listing(
    area.workspace,
    /^(\.git|sub\/\.git)\/(objects|logs|index|ORIG_HEAD|packed-refs|refs)|worktrees\/wt\/(index|logs|HEAD|ORIG_HEAD)/,
  ),
  status: git(area, area.workspace, "status", "--porcelain", "-uall"),
  branches: git(area, area.workspace, "branch", "-a", "--format=%(refname:short) %(subject)"),
  stash: git(area, area.workspace, "stash", "list"),
  log: git(area, area.workspace, "reflog", "--format=%gs"),
  worktrees: git(area, area.workspace, "worktree", "list", "--porcelain")
    .replaceAll(area.root, "")
    .replace(/HEAD .*/g, ""),
  claims: readdirSync(join(area.stateRoot, "workspaces")),
});

describe("a death while the guard is made", () => {
  it("before any of its acts leaves nothing behind", async () => {
    using area = makeArea();
    makeProject(area);
    const before = listing(area.workspace);
    const whole = mortal(Number.POSITIVE_INFINITY, () => {});
    await prepare(area, whole.host);
    await settleGuard(guardHost, guardDirOf(area));
    const acts = whole.acts();
    for (let deadAt = 1; deadAt <= acts; deadAt += 1) {
      guardHost.removeTree(area.stateRoot);
      await prepare(area, mortal(deadAt, () => {}).host).catch(() => {});
      expect([deadAt, await settleGuard(guardHost, guardDirOf(area))]).toEqual([deadAt, { notes: [], leftovers: [] }]);
      expect([deadAt, listing(area.workspace)]).toEqual([deadAt, before]);
      // What is kept is a record of what was settled; a guard that had not begun has none.
      const here = existsSync(guardDirOf(area)) ? readdirSync(guardDirOf(area)) : [];
      expect([deadAt, here.length === 0 || here.includes("settled.json")]).toEqual([deadAt, true]);
      expect([deadAt, existsSync(guardDirOf(area))]).toEqual([deadAt, here.length > 0]);
    }
    expect(acts).toBeGreaterThan(50);
  });

  it("by kill -9 leaves nothing behind either", () => {
    using area = makeArea();
    makeProject(area);
    const before = listing(area.workspace);
    for (const deadAt of [2, 15, 30, 40, 50]) {
      guardHost.removeTree(area.stateRoot);
      const { signal } = spawnSync(process.execPath, [dying, "prepare", area.root, `${deadAt}`]);
      expect([deadAt, signal]).toEqual([deadAt, "SIGKILL"]);
      spawnSync(process.execPath, [dying, "settle", area.root, "1000000"]);
      expect([deadAt, listing(area.workspace)]).toEqual([deadAt, before]);
    }
  });
});

describe("a death while the repository is mirrored", () => {
  it("leaves a lock of the person's git alone, and takes away what waited for it", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    put(area.workspace, { ".git/caisson-brisk-otter-1.HEAD": "ref: refs/heads/x\n", ".git/HEAD.lock": "" });
    expect(await guarded.settle()).toEqual({ notes: [], leftovers: [] });
    expect(readdirSync(join(area.workspace, ".git")).filter((name) => /lock|caisson/.test(name))).toEqual([
      "HEAD.lock",
    ]);
  });

  it("before any of its acts leaves no lock and loses nothing", async () => {
    const acts = await mirrorOnce(Number.POSITIVE_INFINITY);
    expect(acts).toBeGreaterThan(20);
    for (let deadAt = 1; deadAt <= acts; deadAt += 1) await mirrorOnce(deadAt);
  });

  /** Changes both sides, mirrors until the death, settles; returns how many acts the mirror had. */
  async function mirrorOnce(deadAt: number): Promise<number> {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    guarded.run("git checkout -q -b topic; echo t > t.txt; git add t.txt; git pack-refs --all");
    put(area.workspace, { ".git/MERGE_MSG": "from the host\n" });
    const [unit] = guarded.plan.gitDirs;
    const dying = mortal(deadAt, () => {});
    using held = unit && holdGitDir(dying.host, unit);
    if (!held) throw new Error("no repository");
    const options = { tag: "brisk-otter-1", agent: "runs", readings: new Map() } as const;
    await mirrorGitDir(dying.host, held, mirroredNames(held), options).catch(() => {});
    expect([deadAt, await guarded.settle()]).toEqual([deadAt, { notes: [], leftovers: [] }]);
    expect([deadAt, readdirSync(join(area.workspace, ".git")).filter((name) => /lock|caisson/.test(name))]).toEqual([
      deadAt,
      [],
    ]);
    expect([deadAt, git(area, area.workspace, "status", "--porcelain", "-b")]).toEqual([deadAt, "## topic\nA  t.txt"]);
    expect([deadAt, git(area, area.workspace, "branch", "--format=%(refname:short)")]).toEqual([deadAt, "main\ntopic"]);
    expect([deadAt, readFileSync(join(area.workspace, ".git/MERGE_MSG"), "utf8")]).toEqual([deadAt, "from the host\n"]);
    return dying.acts();
  }
});

describe("a death while the guard is settled", () => {
  it("before any of its acts ends, after another settling, as if there had been none", async () => {
    using origin = makeArea();
    makeProject(origin);
    const guarded = await guardWorkspace(origin);
    const inside = guarded.run(work);
    expect(inside.code, inside.output).toBe(0);

    // The plan holds absolute paths: each try starts from a copy that is put back to the same place.
    const snapshot = makeArea();
    using _gone = snapshot;
    cpSync(origin.workspace, join(snapshot.root, "kept-work"), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
    cpSync(origin.stateRoot, join(snapshot.root, "kept-state"), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
    const restore = () => {
      guardHost.removeTree(origin.workspace);
      guardHost.removeTree(origin.stateRoot);
      cpSync(join(snapshot.root, "kept-work"), origin.workspace, {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
      });
      cpSync(join(snapshot.root, "kept-state"), origin.stateRoot, {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
      });
      renumber(origin);
    };

    restore();
    const whole = mortal(Number.POSITIVE_INFINITY, () => {});
    const report = await settleGuard(whole.host, guardDirOf(origin));
    const wanted = result(origin);
    expect(report.leftovers).toEqual([]);
    expect(wanted.branches).toBe("main third\ntopic topic\nwt topic");
    for (let deadAt = 1; deadAt <= whole.acts(); deadAt += 1) {
      restore();
      if (deadAt % 20 === 0)
        expect(spawnSync(process.execPath, [dying, "settle", origin.root, `${deadAt}`]).signal).toBe("SIGKILL");
      else await settleGuard(mortal(deadAt, () => {}).host, guardDirOf(origin)).catch(() => {});
      expect([deadAt, await settleGuard(guardHost, guardDirOf(origin))]).toEqual([deadAt, report]);
      expect([deadAt, result(origin)]).toEqual([deadAt, wanted]);
    }
  }, 300_000);
});
