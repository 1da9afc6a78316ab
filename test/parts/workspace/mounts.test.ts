import { mkdirSync, readdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkGuardMounts } from "../../../src/sandbox/workspace/check-mounts.ts";
import type { GuardPlan } from "../../../src/sandbox/workspace/guard-plan.ts";
import {
  type GuardedArea,
  git,
  guardHost,
  guardWorkspace,
  listing,
  makeArea,
  makeRepository,
  withPlan,
} from "./guard-kit.ts";

/** Runs `check` on the first process of a sandbox that is up. */
async function whileUp(guarded: GuardedArea, check: (pid: number) => void): Promise<void> {
  const child = guarded.start("echo up; read -r _");
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    check(lastChild(child.pid ?? 0));
  } finally {
    child.stdin?.end("\n");
    await ended;
  }
}

/** The innermost process of a chain: the shell inside. */
function lastChild(pid: number): number {
  const [child] = (guardHost.readOwn(`/proc/${pid}/task/${pid}/children`)?.toString() ?? "").trim().split(" ");
  return child ? lastChild(Number(child)) : pid;
}

describe("checkGuardMounts()", () => {
  it("passes a sandbox whose guard is in place", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    await whileUp(guarded, (pid) => checkGuardMounts(guardHost, guarded.plan, pid));
    await guarded.settle();
  });

  it("fails one that lacks a mount, has it writable, or has another folder there", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const { plan } = guarded;
    const claude = join(area.workspace, ".claude");
    const change = (mount: (each: GuardPlan["mounts"][number]) => GuardPlan["mounts"]) => ({
      ...plan,
      mounts: plan.mounts.flatMap(mount),
    });
    const wrong: readonly GuardPlan[] = [
      change((mount) => (mount.target === claude ? [] : [mount])),
      change((mount) => (mount.target === claude ? [{ ...mount, kind: "bind" }] : [mount])),
      change((mount) =>
        mount.target === claude ? [{ kind: "ro-bind", source: join(area.workspace, "src"), target: claude }] : [mount],
      ),
    ];
    for (const other of wrong) {
      await whileUp(withPlan(guarded, other), (pid) =>
        expect(() => checkGuardMounts(guardHost, plan, pid)).toThrow(/the guard of .*\.claude is not in place/),
      );
    }
    await guarded.settle();
  });

  it("fails when a folder was swapped for a link between looking and mounting", async () => {
    using area = makeArea();
    makeRepository(area, join(area.workspace, "sub"));
    makeRepository(area, join(area.root, "private"));
    const guarded = await guardWorkspace(area);
    renameSync(join(area.workspace, "sub"), join(area.workspace, "moved"));
    symlinkSync(join(area.root, "private"), join(area.workspace, "sub"));
    const child = guarded.run("true");
    if (child.code === 0)
      await whileUp(guarded, (pid) =>
        expect(() => checkGuardMounts(guardHost, guarded.plan, pid)).toThrow(/not in place/),
      );
    const report = await guarded.settle();
    expect(report.notes.map(({ detail }) => detail)).toContainEqual(
      expect.stringMatching(/another folder is here than before/),
    );
  });
});

describe("placeholders", () => {
  it("are there before a sandbox is, as empty folders that git does not see", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    for (const path of guarded.plan.placeholders) expect(readdirSync(path)).toEqual([]);
    expect(guarded.plan.placeholders).toContain(join(area.workspace, ".mcp.json"));
    expect(git(area, area.workspace, "status", "--porcelain", "--ignored")).toBe("");
    expect(guarded.run("git status --porcelain --ignored; git clean -fd; git add -A; git status --porcelain")).toEqual({
      code: 0,
      output: "",
    });
    await guarded.settle();
  });
});

describe("settling", () => {
  it("touches nothing of a folder that took the workspace's place", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    guarded.run("git commit -q --allow-empty -m x && git config pull.rebase true");
    renameSync(area.workspace, join(area.root, "old"));
    mkdirSync(area.workspace);
    makeRepository(area);
    const before = listing(area.workspace);
    expect((await guarded.settle()).leftovers).toEqual([]);
    expect(listing(area.workspace)).toEqual(before);
  });
});
