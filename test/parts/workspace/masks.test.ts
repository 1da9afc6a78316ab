import { mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { GuardNote } from "../../../src/sandbox/workspace/guard-plan.ts";
import { planGuard } from "../../../src/sandbox/workspace/plan-guard.ts";
import { readWorkspaceFacts } from "../../../src/sandbox/workspace/read-workspace-facts.ts";
import { watchGuard } from "../../../src/sandbox/workspace/watch-guard.ts";
import { git, guardHost, guardWorkspace, makeArea, makeRepository, put } from "./guard-kit.ts";

const identity = "git config user.name A; git config user.email a@a.example";

describe("masked files", () => {
  it("stay masked in a folder that is read-only, in a nested repository, and under names with every character", async () => {
    using area = makeArea();
    makeRepository(area);
    const odd = "odd [x]/.env *?# 'é\n ";
    const masked = [".claude/.credentials.json", "sub/.env", odd];
    put(area.workspace, Object.fromEntries(masked.map((path) => [path, "hunter2\n"])));
    git(area, join(area.workspace, "sub"), "init", "-q");
    const guarded = await guardWorkspace(area, { masked });
    const inside = guarded.run(
      "grep -r hunter2 . && exit 1; cat .claude/settings.json; cd sub && git add -A && git status --short",
    );
    expect(inside).toEqual({ code: 0, output: "{}\n" });
    await guarded.settle();
    for (const path of masked) expect(readFileSync(join(area.workspace, path), "utf8")).toBe("hunter2\n");
  });

  it("host and agent may both commit while the run lasts: neither sees the other's emptied or full file as a change", async () => {
    using area = makeArea();
    makeRepository(area);
    put(area.workspace, { "prod.env": "one\n" });
    git(area, area.workspace, "add", "-A");
    git(area, area.workspace, "commit", "-qm", "third");
    const guarded = await guardWorkspace(area, { masked: ["prod.env"] });
    await using watch = watchGuard(guardHost, guarded.plan, () => {});
    expect(guarded.run("git status --short; cat prod.env").output).toBe("");
    guarded.run(`${identity}; echo x > x.txt; git add -A; git commit -qm inside`);
    await watch.flush();
    expect(git(area, area.workspace, "status", "--short")).toBe("");
    expect(git(area, area.workspace, "ls-files", "-v", "prod.env")).toBe("H prod.env");
    put(area.workspace, { "y.txt": "y\n" });
    git(area, area.workspace, "add", "y.txt");
    await watch.flush();
    expect(guarded.run("git status --short").output).toBe("A  y.txt\n");
    git(area, area.workspace, "commit", "-qm", "host");
    await watch.flush();
    expect(guarded.run("git status --short; git log --oneline | wc -l").output.trim()).toBe("5");
    await watch.close();
    const { notes } = await guarded.settle();
    expect(notes.filter(({ action }) => action !== "kept")).toEqual([]);
    expect(git(area, area.workspace, "status", "--short")).toBe("");
  });

  it("what the person hid from git themselves stays hidden", async () => {
    using area = makeArea();
    makeRepository(area);
    put(area.workspace, { "prod.env": "one\n", "other.env": "two\n" });
    git(area, area.workspace, "add", "-A");
    git(area, area.workspace, "commit", "-qm", "third");
    git(area, area.workspace, "update-index", "--skip-worktree", "prod.env");
    const guarded = await guardWorkspace(area, { masked: ["prod.env", "other.env"] });
    guarded.run(`${identity}; echo x > x.txt; git add -A; git commit -qm inside`);
    await guarded.settle();
    expect(git(area, area.workspace, "ls-files", "-v", "prod.env", "other.env")).toBe("H other.env\nS prod.env");
    expect(git(area, area.workspace, "log", "-1", "--format=%s")).toBe("inside");
  });

  it("a file that became a link since it was found stops the launch, one that is gone does not", async () => {
    using area = makeArea();
    mkdirSync(join(area.workspace, "a"));
    symlinkSync("/etc/passwd", join(area.workspace, ".env"));
    const request = { dir: area.workspace, home: area.home, stateRoot: area.stateRoot };
    await expect(readWorkspaceFacts(guardHost, { ...request, masked: [".env"] })).rejects.toMatchObject({
      code: "guard_not_in_place",
    });
    const facts = await readWorkspaceFacts(guardHost, { ...request, masked: ["a/.env"] });
    expect(planGuard(facts, join(area.stateRoot, "g")).mounts.map(({ target }) => target)).not.toContain(
      join(area.workspace, "a/.env"),
    );
  });

  it("tells when one is replaced on the host, in a folder too, for then the kernel takes the mask away", async () => {
    using area = makeArea();
    put(area.workspace, { "conf/.env": "one\n", "new": "two\n", "kept.env": "three\n" });
    const guarded = await guardWorkspace(area, { masked: ["conf/.env", "kept.env"] });
    const notes: GuardNote[] = [];
    await using watch = watchGuard(guardHost, guarded.plan, (note) => notes.push(note));
    put(area.workspace, { "kept.env": "changed in place\n" });
    renameSync(join(area.workspace, "new"), join(area.workspace, "conf/.env"));
    await watch.flush();
    expect(notes).toEqual([{ path: "conf/.env", action: "noticed", detail: expect.stringContaining("not masked") }]);
    await watch.close();
    expect((await guarded.settle()).notes.map(({ path }) => path)).toContain("conf/.env");
  });
});
