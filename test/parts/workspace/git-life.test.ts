import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { git, guardWorkspace, listing, makeArea, makeRepository, put } from "./guard-kit.ts";

describe("git inside a guarded workspace", () => {
  it("does its ordinary work, and the host has all of it at the end", async () => {
    using area = makeArea();
    const remote = join(area.root, "work", "remote.git");
    makeRepository(area);
    git(area, area.workspace, "init", "-q", "--bare", remote);
    git(area, area.workspace, "remote", "add", "origin", remote);
    git(area, area.workspace, "push", "-q", "-u", "origin", "main");
    put(area.workspace, { ".git/info/exclude": "remote.git\n" });

    const guarded = await guardWorkspace(area);
    const inside = guarded.run(`
      set -ex
      git status --porcelain
      test -z "$(git status --porcelain)"
      echo three >> a.txt && git add a.txt && git commit -qm third
      git checkout -q -b feature && echo f > f.txt && git add f.txt && git commit -qm feature
      git checkout -q main && echo m > m.txt && git add m.txt && git commit -qm onmain
      git merge -q --no-edit feature
      git checkout -q -b rebased HEAD~1 && echo r > r.txt && git add r.txt && git commit -qm rebased
      git rebase -q main
      git checkout -q main && git merge -q --ff-only rebased
      echo stash >> a.txt && git stash -q && git stash pop -q && git checkout -q a.txt
      echo kept >> a.txt && git stash -q
      git fetch -q origin && git push -q origin main && git branch -q -d rebased
      git tag v1 && git mv a.txt c.txt && git commit -qm moved
      git gc -q
      git fsck --no-dangling
      git log --oneline | wc -l
      echo staged > staged.txt && git add staged.txt
    `);
    expect(inside).toMatchObject({ code: 0 });
    const report = await guarded.settle();

    expect(report.leftovers).toEqual([]);
    expect(git(area, area.workspace, "log", "-1", "--format=%s %an")).toBe("moved Agent");
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("A  staged.txt");
    expect(git(area, area.workspace, "branch", "--format=%(refname:short)")).toBe("feature\nmain");
    expect(git(area, area.workspace, "stash", "list")).toContain("WIP on main");
    expect(git(area, area.workspace, "reflog", "-1")).toContain("moved");
    expect(git(area, area.workspace, "fsck", "--no-dangling")).toBe("");
    expect(git(area, area.workspace, "tag")).toBe("v1");
  });

  it("leaves nothing behind when the agent did nothing", async () => {
    using area = makeArea();
    makeRepository(area);
    const before = listing(area.workspace);
    const guarded = await guardWorkspace(area);
    expect(guarded.run("git status && git log && ls -A")).toMatchObject({ code: 0 });
    expect(await guarded.settle()).toEqual({ notes: [], leftovers: [] });
    expect(listing(area.workspace)).toEqual(before);
  });

  it("keeps the person's files their own", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    expect(guarded.run("echo x > new.txt && mkdir d && git add new.txt && git commit -qm new && id -u")).toEqual({
      code: 0,
      output: "1000\n",
    });
    await guarded.settle();
    const owner = (path: string) => statSync(join(area.workspace, path)).uid;
    expect([owner("new.txt"), owner("d"), owner(".git/index"), owner(".git/refs/heads/main")]).toEqual(
      Array(4).fill(process.getuid?.()),
    );
    expect(readFileSync(join(area.workspace, "new.txt"), "utf8")).toBe("x\n");
  });
});
