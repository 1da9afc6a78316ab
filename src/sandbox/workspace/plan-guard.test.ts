import { describe, expect, it } from "vitest";
import type { WorkspaceFacts } from "./facts/workspace-facts.ts";
import { planGuard } from "./plan-guard.ts";

const facts: WorkspaceFacts = {
  dir: "/w",
  lookedAtMs: 1000,
  stateRoot: "/s",
  present: ["/w/.claude", "/w/a/b/c.conf"],
  absent: ["/w/.bashrc"],
  hookFolders: [{ path: "/w/.husky", there: true }],
  masked: [],
  gitDirs: [
    {
      role: "repository",
      path: "/w/.git",
      names: ["HEAD", "config", "rebase-merge"],
      shared: ["objects", "refs"],
      hasObjectInfo: true,
      config: [{ key: "http.extraheader", value: "secret" }],
      foreignWorktrees: ["/w/.git/worktrees/out"],
    },
    {
      role: "repository",
      path: "/w/x/y/.git",
      names: [],
      shared: ["objects", "refs"],
      hasObjectInfo: false,
      config: [],
      foreignWorktrees: [],
    },
  ],
  inodes: { "/w": 1, "/w/.git": 2, "/w/.git/objects": 3 },
  knownGitDirs: {},
  searchedAll: true,
  notes: [],
};
const plan = planGuard(facts, "/s/sandboxes/slug/guard");
const targets = plan.mounts.map(({ target }) => target);

describe("planGuard()", () => {
  it("mounts the workspace first and every parent before what lies in it", () => {
    expect(plan.mounts[0]).toEqual({ kind: "bind", source: "/w", target: "/w", ino: 1 });
    for (const [index, target] of targets.entries())
      expect(targets.slice(index + 1).filter((later) => target.startsWith(`${later}/`))).toEqual([]);
    expect(new Set(targets).size).toBe(targets.length);
  });

  it("makes every folder between the workspace and what is protected a mount point", () => {
    for (const { target } of plan.mounts.filter(
      ({ target }) => target !== "/w" && !target.startsWith("/w/.git/") && !target.startsWith("/w/x/y/.git/"),
    ))
      for (let dir = target.slice(0, target.lastIndexOf("/")); dir !== "/w"; dir = dir.slice(0, dir.lastIndexOf("/")))
        expect(targets).toContain(dir);
    expect(targets).toEqual(expect.arrayContaining(["/w/a", "/w/a/b", "/w/x", "/w/x/y"]));
  });

  it("shows a private copy of the git directory, with objects and refs of the real one", () => {
    expect(plan.mounts.filter(({ target }) => target.startsWith("/w/.git"))).toEqual([
      { kind: "bind", source: "/s/sandboxes/slug/guard/git/0/copy", target: "/w/.git" },
      { kind: "bind", source: "/w/.git/objects", target: "/w/.git/objects", ino: 3 },
      { kind: "bind", source: "/s/sandboxes/slug/guard/git/0/object-info", target: "/w/.git/objects/info" },
      { kind: "bind", source: "/w/.git/refs", target: "/w/.git/refs" },
      { kind: "ro-bind", source: "/w/.git/worktrees/out", target: "/w/.git/worktrees/out" },
    ]);
    expect(plan.gitDirs[0]).toMatchObject({
      folders: ["objects", "refs", "worktrees/out"],
      underWay: ["rebase-merge"],
    });
  });

  it("has a placeholder for what is absent and none for what is there", () => {
    expect(plan.placeholders).toEqual(["/w/.bashrc", "/w/x/y/.git/objects/info"]);
  });

  it("holds no secret of the repository's configuration", () => {
    expect(JSON.stringify(plan)).not.toMatch(/secret|extraheader/);
  });

  it("makes nothing writable below what is read-only", () => {
    const nested = planGuard(
      { ...facts, present: ["/w/.claude", "/w/.claude/worktrees/x/.git"] },
      "/s/sandboxes/slug/guard",
    );
    expect(nested.mounts.map(({ target }) => target).filter((target) => target.startsWith("/w/.claude"))).toEqual([
      "/w/.claude",
    ]);
  });
});
