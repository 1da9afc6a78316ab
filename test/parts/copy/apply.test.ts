import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTreeHost } from "../../../src/sandbox/workspace/copy/node-tree-host.ts";
import type { TreeHost } from "../../../src/sandbox/workspace/copy/tree-host.ts";
import { makeCopyArea, treeOf } from "./copy-kit.ts";

describe("apply, when the folder changed as well", () => {
  it("merges texts whose changes lie apart, keeps what the agent did not touch, and takes the same change once", async () => {
    using area = makeCopyArea();
    for (const file of ["merge", "mine", "same"]) area.write(file, "1\n2\n3\n4\n5\n");
    await area.copy();
    area.agent("merge", "one\n2\n3\n4\n5\n");
    area.write("merge", "1\n2\n3\n4\nfive\n");
    area.write("mine", "only mine\n");
    area.write("new-here", "only mine\n");
    for (const write of [area.agent, area.write]) write("same", "both\n");
    const { applied, conflicts } = await area.apply();
    expect({ applied, conflicts }).toEqual({ applied: [{ path: "merge", did: "merged" }], conflicts: [] });
    expect(area.read("merge")).toBe("one\n2\n3\n4\nfive\n");
    expect(area.read("mine")).toBe("only mine\n");
    expect((await area.apply()).applied).toEqual([]);
    // What comes after is held against what was applied, not against the beginning.
    area.agent("merge", "uno\n2\n3\n4\n5\n");
    await area.apply();
    expect(area.read("merge")).toBe("uno\n2\n3\n4\nfive\n");
  });

  it("applies nothing when one thing conflicts, names each, and applies the rest when told to", async () => {
    using area = makeCopyArea();
    for (const file of ["lines", "gone-here", "gone-inside", "fine"]) area.write(file, "1\n");
    area.write("binary", Uint8Array.from([0, 1]));
    await area.copy();
    area.agent("fine", "2\n");
    area.agent("lines", "theirs\n");
    area.write("lines", "mine\n");
    area.agent("gone-here", "2\n");
    fs.rmSync(join(area.dir, "gone-here"));
    fs.rmSync(join(area.tree, "gone-inside"));
    area.write("gone-inside", "2\n");
    area.agent("binary", Uint8Array.from([0, 2]));
    area.write("binary", Uint8Array.from([0, 3]));
    area.agent("both-new", "a\n");
    area.write("both-new", "b\n");
    area.agent("way/in", "1\n");
    area.write("way", "a file\n");
    const before = treeOf(area.dir);
    const names = ["binary", "both-new", "gone-here", "gone-inside", "lines", "way/in"];
    await expect(area.apply()).rejects.toMatchObject({ code: "apply_conflicts", exit: 7 });
    expect(treeOf(area.dir)).toEqual(before);
    const { applied, conflicts } = await area.apply({ skipConflicts: true });
    expect(applied).toEqual([{ path: "fine", did: "changed" }]);
    expect(conflicts.map(({ path }) => path)).toEqual(names);
    expect(treeOf(area.dir)).toEqual({ ...before, fine: treeOf(area.tree).fine });
    // They stay conflicts until somebody settles them.
    await expect(area.apply()).rejects.toMatchObject({ code: "apply_conflicts" });
    expect(await area.unapplied()).toBe(names.length);
  });

  it("deletes no file of the person's with a folder, and keeps the mode of what is there", async () => {
    using area = makeCopyArea();
    area.write("d/theirs", "1");
    area.write("private", "1", 0o600);
    area.write("blocked/x", "1");
    await area.copy();
    fs.rmSync(join(area.tree, "d"), { recursive: true });
    area.write("d/mine", "mine");
    area.agent("private", "2");
    fs.rmSync(join(area.tree, "blocked"), { recursive: true });
    area.agent("blocked", "a file now");
    area.write("blocked/mine", "mine");
    await area.apply({ skipConflicts: true });
    expect(fs.readdirSync(join(area.dir, "d"))).toEqual(["mine"]);
    expect(fs.statSync(join(area.dir, "private")).mode & 0o777).toBe(0o600);
    expect(area.read("blocked/mine")).toBe("mine");
  });
});

describe("apply plants nothing", () => {
  it("leaves out what could act on the host, by name, until the person says otherwise", async () => {
    using area = makeCopyArea();
    area.git(area.dir, "init");
    area.git(area.dir, "config", "core.hooksPath", ".husky");
    area.write(".husky/pre-push", "#!/bin/sh\n", 0o755);
    area.git(area.dir, "config", "filter.x.clean", "./tools/clean.sh");
    area.write("tools/clean.sh", "#!/bin/sh\ncat\n", 0o755);
    await area.copy();
    const before = treeOf(area.dir);
    const git = treeOf(join(area.dir, ".git"));
    const planted = [
      ...[".claude/settings.json", ".mcp.json", ".vscode/tasks.json", ".bashrc", ".GIT/hooks/pre-commit"],
      ...["sub/.claude/settings.json", "sub/.Claude/x", ".git./config", "git~1/config", ".gi\u200dt/config"],
      ...[".husky/pre-commit", "tools/clean.sh"],
    ];
    for (const path of planted) area.agent(path, "#!/bin/sh\ntouch /tmp/planted\n", 0o755);
    area.agent(".git/hooks/pre-commit", "#!/bin/sh\n", 0o755);
    area.agent("sub/.git/config", "[core]\n\tfsmonitor = /tmp/x\n");
    area.agent("fine", "1");
    const { applied, left } = await area.apply();
    expect(applied).toEqual([{ path: "fine", did: "added" }]);
    expect(left.map(({ path }) => path).sort()).toEqual([...planted].sort());
    expect(treeOf(area.dir)).toEqual({ ...before, fine: treeOf(area.tree).fine });
    expect(await area.unapplied()).toBe(planted.length);
    await area.apply({ includeProtected: true });
    expect(area.read(".claude/settings.json")).toContain("touch");
    // Whatever is said, nothing goes into a git directory.
    expect(treeOf(join(area.dir, ".git"))).toEqual(git);
    expect(fs.existsSync(join(area.dir, "sub/.git"))).toBe(false);
  });

  it("leaves out links that lead out of the folder, over however many others", async () => {
    using area = makeCopyArea();
    area.write("d/e/f", "1");
    await area.copy();
    const out: Record<string, string> = {
      absolute: "/etc/passwd",
      parent: "..",
      far: "d/../../x",
      sibling: `${area.dir}-other/x`,
      through: "up/../x",
      loop: "loop",
      again: `${area.dir}/up/../../x`,
    };
    const inside: Readonly<Record<string, string>> = { up: "d/..", near: "d/e/../e/f", missing: "not/there" };
    fs.symlinkSync("../..", join(area.tree, "d/e/deep"));
    out.through = "d/e/deep/../x";
    for (const [path, target] of Object.entries({ ...out, ...inside })) fs.symlinkSync(target, join(area.tree, path));
    const { left, applied } = await area.apply();
    expect(left.map(({ path }) => path).sort()).toEqual(Object.keys(out).sort());
    expect(applied.map(({ path }) => path).sort()).toEqual(["d/e/deep", ...Object.keys(inside)].sort());
  });

  it("gives nothing the rights of its owner, and takes no device, pipe or socket", async () => {
    using area = makeCopyArea();
    area.write("x", "1", 0o755);
    await area.copy();
    for (const name of ["x", "y"]) {
      area.agent(name, "2");
      fs.chmodSync(join(area.tree, name), 0o6777);
    }
    (await import("node:child_process")).execFileSync("mkfifo", [join(area.tree, "pipe")]);
    await area.apply();
    expect(fs.readdirSync(area.dir).sort()).toEqual(["x", "y"]);
    for (const name of ["x", "y"]) expect(fs.statSync(join(area.dir, name)).mode & 0o7777).toBe(0o755);
  });

  it("writes through no link that stands in the person's folder", async () => {
    using area = makeCopyArea();
    area.write("d/x", "1");
    await area.copy();
    area.agent("d/x", "2");
    area.agent("d/new", "2");
    fs.mkdirSync(join(area.root, "elsewhere"));
    fs.writeFileSync(join(area.root, "elsewhere/x"), "1");
    fs.rmSync(join(area.dir, "d"), { recursive: true });
    fs.symlinkSync(join(area.root, "elsewhere"), join(area.dir, "d"));
    await expect(area.apply()).rejects.toMatchObject({ code: "apply_conflicts" });
    expect(fs.readdirSync(join(area.root, "elsewhere"))).toEqual(["x"]);
    expect(fs.readFileSync(join(area.root, "elsewhere/x"), "utf8")).toBe("1");
  });

  it("reads no file of the host when the agent swaps a folder for a link while it is looked at", async () => {
    const real = createTreeHost();
    let swap: (() => void) | undefined;
    const host: TreeHost = {
      ...real,
      read: (dir, name, most) => {
        swap?.();
        return real.read(dir, name, most);
      },
    };
    using area = makeCopyArea(host);
    area.write("d/key", "1");
    await area.copy();
    fs.mkdirSync(join(area.root, "secret"));
    fs.writeFileSync(join(area.root, "secret/key"), "hunter2");
    area.agent("a-key", "2");
    area.agent("d/key", "2");
    let swaps = 0;
    swap = () => {
      swaps += 1;
      if (swaps > 1) return;
      fs.renameSync(join(area.tree, "d"), join(area.tree, "moved"));
      fs.symlinkSync(join(area.root, "secret"), join(area.tree, "d"));
      fs.rmSync(join(area.tree, "a-key"));
      fs.symlinkSync(join(area.root, "secret/key"), join(area.tree, "a-key"));
    };
    const { text } = await area.diff();
    expect(text.toString()).not.toContain("hunter2");
    expect(swaps).toBeGreaterThan(0);
  });
});

describe("apply, killed", () => {
  // Dies before the nth act on the disk, for every n until one is never reached.
  const acts = ["writeFile", "copyFile", "makeFolder", "makeLink", "setMode", "rename", "removeFile", "removeFolder"];
  function mortal(left: { acts: number }): TreeHost {
    const real = createTreeHost();
    const dying = Object.fromEntries(
      acts.map((act) => [
        act,
        (...given: unknown[]) => {
          left.acts -= 1;
          if (left.acts < 0) throw new Error("killed");
          return (real[act as keyof TreeHost] as (...args: unknown[]) => unknown)(...given);
        },
      ]),
    );
    return { ...real, ...dying } as TreeHost;
  }

  it("at any act leaves nothing done, or what the next call finishes", async () => {
    const left = { acts: Number.POSITIVE_INFINITY };
    let died = true;
    let finished = 0;
    for (let n = 0; died; n += 1) {
      left.acts = Number.POSITIVE_INFINITY;
      using area = makeCopyArea(mortal(left));
      area.write("changed", "1\n");
      area.write("gone/in/deep", "1");
      area.write("to-folder", "1");
      area.write("to-file/x", "1");
      await area.copy();
      const before = treeOf(area.dir);
      area.agent("changed", "2\n", 0o755);
      fs.rmSync(join(area.tree, "gone"), { recursive: true });
      fs.rmSync(join(area.tree, "to-folder"));
      area.agent("to-folder/in", "2");
      fs.rmSync(join(area.tree, "to-file"), { recursive: true });
      area.agent("to-file", "2");
      fs.symlinkSync("changed", join(area.tree, "link"));
      fs.mkdirSync(join(area.tree, "empty"));
      const wanted = treeOf(area.tree);
      left.acts = n;
      died = await area.apply().then(
        () => false,
        (error: Error) => error.message === "killed" || Promise.reject(error),
      );
      left.acts = Number.POSITIVE_INFINITY;
      if (!fs.existsSync(area.paths.applyPlan) && died) expect(treeOf(area.dir)).toEqual(before);
      finished += (await area.apply()).finished > 0 ? 1 : 0;
      expect(treeOf(area.dir)).toEqual(wanted);
      expect((await area.apply()).applied).toEqual([]);
    }
    expect(finished).toBeGreaterThan(5);
  });

  it("and changed meanwhile by the person: that stays as it is, and is a conflict from then on", async () => {
    const left = { acts: Number.POSITIVE_INFINITY };
    using area = makeCopyArea(mortal(left));
    for (const file of ["a", "b"]) area.write(file, "1\n");
    await area.copy();
    for (const file of ["a", "b"]) area.agent(file, "2\n");
    left.acts = 4;
    await expect(area.apply()).rejects.toThrow("killed");
    expect(fs.existsSync(area.paths.applyPlan)).toBe(true);
    left.acts = Number.POSITIVE_INFINITY;
    area.write("b", "mine\n");
    await expect(area.apply()).rejects.toMatchObject({ code: "apply_conflicts" });
    expect([area.read("a"), area.read("b")]).toEqual(["2\n", "mine\n"]);
  });

  it("waits for no other: a second apply to the same folder is told", async () => {
    using area = makeCopyArea();
    await area.copy();
    area.agent("x", "1");
    const [one, two] = await Promise.allSettled([area.apply(), area.apply()]);
    expect([one.status, two.status].sort()).toEqual(["fulfilled", "rejected"]);
    expect([one, two].find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "apply_busy" } });
  });
});
