import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { processesSaying } from "../../kit/processes-saying.ts";
import { bytes, makeCopyArea, treeOf } from "./copy-kit.ts";

type Area = ReturnType<typeof makeCopyArea>;

// Each row: what is there before, and what the agent does. After an apply the folder is what the copy is.
const shapes: Readonly<Record<string, { before?(area: Area): void; agent(area: Area): void }>> = {
  "a folder without git": { before: (a) => a.write("a.txt", "1\n"), agent: (a) => a.agent("a.txt", "2\n") },
  "an empty folder": { agent: (a) => a.agent("made/deep/in.txt", "1\n") },
  "everything deleted": {
    before: (a) => {
      a.write("a", "1");
      a.write("b/c/d", "2");
    },
    agent: (a) => {
      fs.rmSync(join(a.tree, "a"));
      fs.rmSync(join(a.tree, "b"), { recursive: true });
    },
  },
  "binary files": {
    before: (a) => a.write("x.bin", Uint8Array.from([0, 1, 2, 255])),
    agent: (a) => {
      a.agent("x.bin", Uint8Array.from([0, 255, 254]));
      a.agent("y.bin", Uint8Array.from([0, 10, 13, 10]));
    },
  },
  "line ends and files without one": {
    before: (a) => a.write("dos.txt", "a\r\nb\r\n"),
    agent: (a) => {
      a.agent(".gitattributes", "* text=auto eol=lf filter=evil\n*.txt working-tree-encoding=UTF-16 ident\n");
      a.agent("dos.txt", "a\r\nc\r\nd $Id$");
    },
  },
  "modes that change": {
    before: (a) => {
      a.write("run.sh", "x", 0o644);
      a.write("not.sh", "x", 0o755);
    },
    agent: (a) => {
      fs.chmodSync(join(a.tree, "run.sh"), 0o755);
      fs.chmodSync(join(a.tree, "not.sh"), 0o644);
      a.agent("new.sh", "y", 0o755);
    },
  },
  "a rename with a change": {
    before: (a) => a.write("old/name.txt", "1\n2\n3\n4\n5\n6\n"),
    agent: (a) => {
      fs.rmSync(join(a.tree, "old"), { recursive: true });
      a.agent("new/name.txt", "1\n2\n3\n4\n5\nsix\n");
    },
  },
  "links within the folder": {
    before: (a) => {
      a.write("d/real", "1");
      fs.symlinkSync("real", join(a.dir, "d/link"));
      fs.symlinkSync(join(a.dir, "d"), join(a.dir, "absolute"));
    },
    agent: (a) => {
      fs.symlinkSync("d/real", join(a.tree, "two"));
      fs.symlinkSync(join(a.dir, "d/real"), join(a.tree, "three"));
      fs.rmSync(join(a.tree, "d/link"));
      fs.symlinkSync("../d/real", join(a.tree, "d/link"));
    },
  },
  "a file that becomes a folder, and a folder that becomes a file": {
    before: (a) => {
      a.write("a", "file");
      a.write("b/c", "in");
      a.write("b/d/e", "deep");
    },
    agent: (a) => {
      fs.rmSync(join(a.tree, "a"));
      a.agent("a/x", "1");
      fs.rmSync(join(a.tree, "b"), { recursive: true });
      a.agent("b", "now a file");
    },
  },
  "a file that becomes a link, and a link that becomes a file": {
    before: (a) => {
      a.write("t", "target");
      a.write("f", "file");
      fs.symlinkSync("t", join(a.dir, "l"));
    },
    agent: (a) => {
      fs.rmSync(join(a.tree, "f"));
      fs.symlinkSync("t", join(a.tree, "f"));
      fs.rmSync(join(a.tree, "l"));
      a.agent("l", "a file now");
    },
  },
  "names with spaces, quotes, line ends, tabs and marks": {
    before: (a) => a.write('a b/"c"\n\td.txt', "1"),
    agent: (a) => {
      a.agent('a b/"c"\n\td.txt', "2");
      a.agent("ünï/🙂\\ x", "3");
      a.agent("-n", "4");
      a.agent(":(top)x*", "5");
    },
  },
  "names that are no UTF-8": {
    before: (a) => fs.writeFileSync(Buffer.concat([Buffer.from(`${a.dir}/`), bytes("\xff\xfe.txt")]), "1"),
    agent: (a) => {
      fs.writeFileSync(Buffer.concat([Buffer.from(`${a.tree}/`), bytes("\xff\xfe.txt")]), "2");
      fs.mkdirSync(Buffer.concat([Buffer.from(`${a.tree}/`), bytes("d\xe9")]));
      fs.writeFileSync(Buffer.concat([Buffer.from(`${a.tree}/`), bytes("d\xe9/\xe8")]), "3");
    },
  },
  "empty folders that go": {
    before: (a) => {
      fs.mkdirSync(join(a.dir, "e/f"), { recursive: true });
      fs.mkdirSync(join(a.dir, "stays"));
    },
    agent: (a) => void fs.rmSync(join(a.tree, "e"), { recursive: true }),
  },
  "empty folders": { agent: (a) => void fs.mkdirSync(join(a.tree, "e/f"), { recursive: true }) },
  "a file that is too large to be stored": {
    before: (a) => a.write("big", Buffer.alloc(9 * 1024 ** 2, 1)),
    agent: (a) => {
      a.agent("big", Buffer.alloc(9 * 1024 ** 2, 2));
      a.agent("big2", Buffer.alloc(10 * 1024 ** 2, 3));
    },
  },
  "files that nobody may read or that are read-only": {
    before: (a) => a.write("secret", "1", 0o400),
    agent: (a) => {
      fs.chmodSync(join(a.tree, "secret"), 0o600);
      a.agent("secret", "2", 0o400);
    },
  },
  "dirty git with staged, changed, untracked and ignored files": {
    before: (a) => {
      a.git(a.dir, "init");
      a.write(".gitignore", "*.log\n");
      a.write("tracked", "1\n");
      a.write("staged", "1\n");
      a.git(a.dir, "add", ".");
      a.git(a.dir, "commit", "-m", "first");
      a.write("tracked", "mine\n");
      a.write("staged", "mine\n");
      a.git(a.dir, "add", "staged");
      a.write("untracked", "mine\n");
    },
    agent: (a) => {
      a.agent("tracked", "mine\nand its\n");
      a.agent("staged", "its\n");
      a.agent("untracked", "its\n");
      a.git(a.tree, "commit", "-am", "inside");
    },
  },
  "a nested repository": {
    before: (a) => {
      a.write("sub/f", "1");
      a.git(join(a.dir, "sub"), "init");
    },
    agent: (a) => {
      a.agent("sub/f", "2");
      a.agent("sub2/g", "3");
      a.git(join(a.tree, "sub2"), "init");
    },
  },
};

describe("diff and apply", () => {
  it.each(Object.entries(shapes))("are right with %s", async (_name, shape) => {
    using area = makeCopyArea();
    shape.before?.(area);
    const before = treeOf(area.dir);
    await area.copy();
    expect(treeOf(area.tree)).toEqual(before);
    expect(await area.diff()).toMatchObject({ files: [], hidden: [] });
    expect((await area.diff()).text.toString()).toBe("");
    expect(await area.unapplied()).toBe(0);

    shape.agent(area);
    const wanted = treeOf(area.tree);
    expect(wanted).not.toEqual(before);
    const dry = await area.apply({ dryRun: true });
    expect(treeOf(area.dir)).toEqual(before);
    const report = await area.apply();
    expect({ ...report, applied: [] }).toMatchObject({ conflicts: [], left: [] });
    expect(report.applied).toEqual(dry.applied);
    expect(treeOf(area.dir)).toEqual(wanted);
    expect(await area.apply()).toMatchObject({ applied: [], conflicts: [], left: [] });
    expect(await area.unapplied()).toBe(0);
    expect(fs.readdirSync(area.paths.dir).sort()).toEqual(["baseline.json", "scratch", "store", "tree"]);
    expect(fs.readdirSync(area.paths.scratch)).toEqual([]);
  });

  it("brings the same change as git does with the patch that diff prints", async () => {
    using area = makeCopyArea();
    area.write("a.txt", "1\n2\n3\n");
    area.write("gone", "x\n");
    area.write("moved", "1\n2\n3\n4\n5\n6\n7\n8\n");
    await area.copy();
    area.agent("a.txt", "1\ntwo\n3");
    fs.rmSync(join(area.tree, "gone"));
    fs.renameSync(join(area.tree, "moved"), join(area.tree, "here"));
    area.agent("bin/new\tname", "n\n", 0o755);
    const { text, files } = await area.diff();
    expect(files.map(({ path, status, from }) => [path, status, from]).sort()).toEqual([
      ["a.txt", "modified", undefined],
      ["bin/new\tname", "added", undefined],
      ["gone", "deleted", undefined],
      ["here", "renamed", "moved"],
    ]);
    fs.writeFileSync(join(area.root, "patch"), text);
    area.git(area.dir, "apply", join(area.root, "patch"));
    expect(treeOf(area.dir)).toEqual(treeOf(area.tree));
  });

  it("leave out what .gitignore hides and say so, but not what git tracks; --all takes it", async () => {
    using area = makeCopyArea();
    area.write(".gitignore", "out/\n*.log\n");
    area.write("kept.log", "1\n");
    area.write("out/old", "1\n");
    area.git(area.dir, "init");
    area.git(area.dir, "add", "-f", "kept.log", ".gitignore");
    await area.copy();
    area.agent("kept.log", "2\n");
    area.agent("out/old", "2\n");
    area.agent("deep/x.log", "2\n");
    area.agent("seen", "2\n");
    const diff = await area.diff();
    expect(diff.files.map(({ path }) => path)).toEqual(["kept.log", "seen"]);
    expect(diff.hidden).toEqual(["deep/x.log", "out/old"]);
    const { applied, hidden } = await area.apply();
    expect(applied.map(({ path }) => path)).toEqual(["kept.log", "seen"]);
    expect(hidden).toHaveLength(2);
    expect(area.read("out/old")).toBe("1\n");
    await area.apply({ all: true });
    expect(treeOf(area.dir)).toEqual(treeOf(area.tree));
  });

  it("show only the paths that are asked for, in numbers and colours when wanted", async () => {
    using area = makeCopyArea();
    await area.copy();
    area.agent("src/a", "1\n2\n");
    area.agent("other", "1\n");
    const { files, text } = await area.diff({ paths: ["src"], form: "stat", colours: true });
    expect(files).toEqual([{ path: "src/a", status: "added", added: 2, removed: 0, binary: false }]);
    expect(text.toString()).toContain("\u001b[32m++");
    expect(text.toString()).not.toContain("other");
  });
});

describe("the copy", () => {
  it("keeps modes and times, leaves out what is no file, and says so", async () => {
    using area = makeCopyArea();
    area.write("x", "1", 0o751);
    fs.utimesSync(join(area.dir, "x"), 1_000_000_000, 1_000_000_000);
    area.git(area.dir, "init"); // A socket would do as well; a pipe hangs whoever opens it.
    fs.mkdirSync(join(area.dir, "d"));
    (await import("node:child_process")).execFileSync("mkfifo", [join(area.dir, "d/pipe")]);
    const { notes } = await area.copy();
    expect(notes.map(({ path }) => path)).toEqual(["d/pipe"]);
    const stat = fs.statSync(join(area.tree, "x"));
    expect([stat.mode & 0o777, stat.mtimeMs]).toEqual([0o751, 1_000_000_000_000]);
    expect(area.git(area.tree, "status", "--short")).toBe("?? x\n");
  });

  it.runIf(process.geteuid?.() === 0)(
    "belongs to whoever works in it, and is applied as the person's own",
    async () => {
      using area = makeCopyArea();
      area.write("d/x", "1");
      fs.symlinkSync("d/x", join(area.dir, "link"));
      area.git(area.dir, "init");
      await area.copy(1e9, new AbortController().signal, { uid: 54_321, gid: 54_322 });
      for (const path of [".", "d", "d/x", "link", ".git/HEAD"]) {
        const { uid, gid } = fs.lstatSync(join(area.tree, path));
        expect([path, uid, gid]).toEqual([path, 54_321, 54_322]);
      }
      expect(await area.diff()).toMatchObject({ files: [] });
      area.agent("d/y", "2");
      fs.chownSync(join(area.tree, "d/y"), 54_321, 54_322);
      await area.apply();
      expect(fs.statSync(join(area.dir, "d/y")).uid).toBe(0);
    },
  );

  it("has no password of the repository's configuration", async () => {
    using area = makeCopyArea();
    area.git(area.dir, "init");
    area.git(area.dir, "remote", "add", "origin", "https://me:hunter2@git.example/x.git");
    area.git(area.dir, "config", "http.https://git.example/.extraheader", "AUTHORIZATION: basic hunter2");
    await area.copy();
    const text = fs.readFileSync(join(area.tree, ".git/config"), "utf8");
    expect(text).toContain("https://git.example/x.git");
    expect(text).not.toContain("hunter2");
  });

  it("has thousands of files, more than any pipe holds at once, and can be stopped in their middle", async () => {
    using area = makeCopyArea();
    for (let n = 0; n < 2000; n += 1) area.write(`d${n % 40}/f${n}`, `${n}\n`.repeat(100));
    for (let n = 0; n < 40; n += 1) area.write(`large/${n}`, Buffer.alloc(300_000, n));
    const warnings: string[] = [];
    const warned = (warning: Error) => void warnings.push(warning.message);
    process.on("warning", warned);
    const stop = new AbortController();
    const stopping = area.copy(1e9, stop.signal);
    setImmediate(() => stop.abort(new Error("stop")));
    await expect(stopping).rejects.toThrow("stop");
    expect(fs.existsSync(area.paths.baseline)).toBe(false);
    fs.rmSync(area.paths.dir, { recursive: true });
    await area.copy();
    for (let n = 0; n < 2000; n += 1) area.agent(`d${n % 40}/f${n}`, `${n}\n`.repeat(101));
    expect((await area.diff()).files).toHaveLength(2000);
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });

  it("does not follow a link out, and tells of a repository that lies elsewhere", async () => {
    using area = makeCopyArea();
    fs.mkdirSync(join(area.root, "main"));
    area.git(join(area.root, "main"), "init");
    area.git(join(area.root, "main"), "commit", "--allow-empty", "-m", "first");
    fs.rmdirSync(area.dir);
    area.git(join(area.root, "main"), "worktree", "add", area.dir);
    fs.symlinkSync(area.root, join(area.dir, "out"));
    const { notes } = await area.copy();
    expect(notes.map(({ path }) => path)).toEqual([".git"]);
    expect(fs.readlinkSync(join(area.tree, "out"))).toBe(area.root);
    expect(await area.diff()).toMatchObject({ files: [] });
  });

  it("is refused when it is larger than the limit of disk, and stops when it is told to", async () => {
    using area = makeCopyArea();
    area.write("x", Buffer.alloc(100_000));
    await expect(area.copy(50_000)).rejects.toMatchObject({ code: "copy_too_large", exit: 5 });
    await expect(area.diff()).rejects.toMatchObject({ code: "copy_not_there" });
    fs.rmSync(area.paths.dir, { recursive: true });
    await expect(area.copy(1e9, AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
    // A git that still waited for more would write what it has got when we end, into a folder that is gone by then.
    expect(processesSaying(area.root)).toEqual([]);
  });
});
