import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { git, guardHost, guardWorkspace, listing, makeArea, makeRepository, put } from "./guard-kit.ts";

const plant = (gitDir: string) => `
  echo '[core] fsmonitor = OWNED' >> ${gitDir}/config
  mkdir -p ${gitDir}/hooks; echo '#!/bin/sh' > ${gitDir}/hooks/pre-commit; chmod +x ${gitDir}/hooks/pre-commit
`;

describe("a workspace that is a linked working tree", () => {
  it("has its repository, guarded like its own, and nothing else of it", async () => {
    using area = makeArea();
    const main = join(area.root, "main");
    makeRepository(area, main);
    git(area, main, "worktree", "add", "-q", "-b", "topic", join(area.root, "tree"));
    git(area, main, "worktree", "add", "-q", "-b", "other", join(area.root, "other"));
    const dir = join(area.root, "tree");
    const before = listing(join(main, ".git"), /objects|logs|index|refs|HEAD|COMMIT_EDITMSG/);

    const guarded = await guardWorkspace(area, { dir });
    const inside = guarded.run(`
      set -ex
      git status
      echo t > t.txt && git add t.txt && git commit -qm topic
      git checkout -q -b topic2 && git commit -q --allow-empty -m empty && git rebase -q topic~1
      git log --oneline && git worktree list && git branch -a
      git config pull.rebase true
      git pack-refs --all
      ! git checkout other
      ! echo x >> ../main/.git/worktrees/other/HEAD
      ! echo 'gitdir: elsewhere' > .git
      ! mv .git g
      ! ls ../main/a.txt
      git commit -q --allow-empty -m last
      set +e
      ${plant("../main/.git")}
      ${plant("../main/.git/worktrees/tree")}
      echo ../../../evil > ../main/.git/worktrees/tree/commondir
      echo /tmp > ../main/.git/worktrees/tree/gitdir; true
    `);
    expect(inside.code, inside.output).toBe(0);
    const report = await guarded.settle();

    expect(report.leftovers).toEqual([]);
    expect(git(area, dir, "log", "-1", "--format=%s %D")).toBe("last HEAD -> topic2");
    expect(git(area, dir, "status", "--porcelain")).toBe("");
    expect(git(area, main, "log", "-1", "--format=%s %D")).toBe("second HEAD -> main, other");
    expect(git(area, main, "status", "--porcelain")).toBe("");
    expect(git(area, main, "fsck", "--no-dangling")).toBe("");
    expect(git(area, main, "config", "pull.rebase")).toBe("true");
    git(area, main, "config", "--unset", "pull.rebase");
    const after = listing(join(main, ".git"), /objects|logs|index|refs|HEAD|COMMIT_EDITMSG/);
    expect({ ...after, config: "" }).toEqual({ ...before, config: "" });
    expect(readFileSync(join(main, ".git/config"), "utf8")).not.toContain("OWNED");
  });

  it("is not given a repository that does not point back to it", async () => {
    using area = makeArea();
    const secret = join(area.root, "secret");
    makeRepository(area, secret);
    git(area, secret, "worktree", "add", "-q", "-b", "topic", join(area.root, "tree"));
    for (const target of [join(secret, ".git"), join(secret, ".git/worktrees/tree")]) {
      put(area.workspace, { ".git": `gitdir: ${target}\n` });
      const guarded = await guardWorkspace(area, { slug: `s-${target.length}` });
      expect(guarded.run(`ls ${secret}`).code).not.toBe(0);
      expect(guarded.run("git log").code).not.toBe(0);
      expect(guarded.plan.notes.map(({ path }) => path)).toContain(".git");
      await guarded.settle();
    }
  });
});

describe("a workspace with submodules", () => {
  it("guards each one's repository, and takes over those that are added inside", async () => {
    using area = makeArea();
    const library = join(area.root, "work", "lib-origin");
    makeRepository(area);
    makeRepository(area, library);
    put(area.workspace, { ".git/info/exclude": "lib-origin\nother-origin\n" });
    const other = join(area.workspace, "other-origin");
    makeRepository(area, other);
    git(area, area.workspace, "submodule", "--quiet", "add", library, "vendor/lib");
    git(area, area.workspace, "commit", "-qm", "submodule");

    const guarded = await guardWorkspace(area);
    const inside = guarded.run(`
      set -ex
      git submodule status
      cd vendor/lib && echo x > x.txt && git add x.txt && git commit -qm inlib && cd ../..
      git add vendor/lib && git commit -qm bump
      git submodule --quiet update --init
      git submodule --quiet add ../other-origin vendor/more || git submodule --quiet add $PWD/other-origin vendor/more
      git commit -qm more
      ! mv vendor v2
      ! mv vendor/lib vendor/l2
      ! sh -c 'echo x > vendor/lib/.git'
      set +e
      ${plant(".git/modules/vendor/lib")}
      ${plant(".git/modules/vendor/more")}
      ${plant("vendor/../.git")}
    `);
    expect(inside.code, inside.output).toBe(0);
    const report = await guarded.settle();

    expect(report.leftovers).toEqual([]);
    expect(git(area, area.workspace, "log", "-1", "--format=%s")).toBe("more");
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("");
    expect(git(area, join(area.workspace, "vendor/lib"), "log", "-1", "--format=%s")).toBe("inlib");
    expect(git(area, join(area.workspace, "vendor/more"), "log", "-1", "--format=%s")).toBe("second");
    expect(git(area, area.workspace, "submodule", "status")).toMatch(/vendor\/lib.*\n.*vendor\/more/);
    for (const name of [".git", ".git/modules/vendor/lib", ".git/modules/vendor/more"]) {
      expect(readFileSync(join(area.workspace, name, "config"), "utf8")).not.toContain("OWNED");
      expect(existsSync(join(area.workspace, name, "hooks/pre-commit"))).toBe(false);
    }
    expect(report.notes.map(({ path, action }) => `${action} ${path}`)).toContain("kept .git/modules/vendor/more");
  });
});

describe("a workspace that holds other repositories", () => {
  it("guards them too, with all folders between", async () => {
    using area = makeArea();
    makeRepository(area);
    const nested = join(area.workspace, "deep/er/nested");
    makeRepository(area, nested);
    const guarded = await guardWorkspace(area);
    const inside = guarded.run(`
      cd deep/er/nested && echo n > n.txt && git add n.txt && git commit -qm nested && cd ../../..
      mv deep d2; mv deep/er deep/e2; mv deep/er/nested deep/er/n2; mv deep/er/nested/.git deep/er/nested/g2
      ${plant("deep/er/nested/.git")}
    `);
    expect(inside.output).toMatch(/Device or resource busy/);
    await guarded.settle();
    expect(git(area, nested, "log", "-1", "--format=%s")).toBe("nested");
    expect(readFileSync(join(nested, ".git/config"), "utf8")).not.toContain("OWNED");
    expect(existsSync(join(nested, ".git/hooks/pre-commit"))).toBe(false);
  });
});

describe("a workspace without a repository", () => {
  it("gets the one that is made inside, without hooks and with a clean configuration", async () => {
    using area = makeArea();
    put(area.workspace, { "a.txt": "one\n" });
    const before = listing(area.workspace);
    const guarded = await guardWorkspace(area);
    const inside = guarded.run(`
      set -ex
      ! git status
      git init -q && git add -A && git commit -qm first && git checkout -q -b feature
      git remote add origin https://git.example.test/x.git
      echo staged > s.txt && git add s.txt
      ${plant(".git")}
    `);
    expect(inside.code, inside.output).toBe(0);
    const report = await guarded.settle();
    expect(report.notes.map(({ path, action }) => `${action} ${path}`)).toEqual(["kept .git"]);
    expect(git(area, area.workspace, "log", "-1", "--format=%s %an %D")).toBe("first Agent HEAD -> feature, main");
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("A  s.txt");
    expect(git(area, area.workspace, "remote", "-v")).toContain("https://git.example.test/x.git");
    expect(git(area, area.workspace, "fsck", "--no-dangling")).toBe("");
    expect(existsSync(join(area.workspace, ".git/hooks"))).toBe(false);
    expect(readFileSync(join(area.workspace, ".git/config"), "utf8")).not.toContain("OWNED");
    expect(Object.keys(listing(area.workspace, /^\.git/))).toEqual([...Object.keys(before), "s.txt"]);
  });

  it("is as it was when none is made", async () => {
    using area = makeArea();
    put(area.workspace, { "a.txt": "one\n" });
    const before = listing(area.workspace);
    const guarded = await guardWorkspace(area);
    expect(guarded.run("ls -A; cat a.txt").code).toBe(0);
    expect(await guarded.settle()).toEqual({ notes: [], leftovers: [] });
    expect(listing(area.workspace)).toEqual(before);
  });

  it("says so when it is a folder of a repository", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area, { dir: join(area.workspace, "src") });
    expect(git(area, join(area.workspace, "src"), "status", "--porcelain")).toBe("");
    expect(guarded.run("git status").code).not.toBe(0);
    expect(guarded.plan.notes.map(({ detail }) => detail).join()).toMatch(/only this folder of the repository/);
    await guarded.settle();
    expect(git(area, area.workspace, "status", "--porcelain")).toBe("");
  });
});

describe("a workspace that cannot be guarded", () => {
  const refusals: readonly {
    name: string;
    code: string;
    make: (area: ReturnType<typeof makeArea>) => string | undefined;
  }[] = [
    { name: "the whole file system", code: "workspace_too_wide", make: () => "/" },
    { name: "the home folder", code: "workspace_too_wide", make: ({ home }) => home },
    { name: "what holds the home folder", code: "workspace_too_wide", make: ({ root }) => root },
    { name: "our own state", code: "workspace_too_wide", make: ({ stateRoot }) => stateRoot },
    { name: "no folder", code: "workspace_missing", make: ({ root }) => join(root, "nowhere") },
    {
      name: "an agent's settings behind a link",
      code: "workspace_link",
      make: ({ workspace }) => void symlinkSync("other", join(workspace, ".claude")),
    },
    {
      name: "a repository behind a link",
      code: "workspace_link",
      make: ({ workspace }) => void symlinkSync("other", join(workspace, ".git")),
    },
    {
      name: "settings that lead to what is not there",
      code: "workspace_link",
      make: ({ workspace }) => {
        mkdirSync(join(workspace, ".claude"));
        symlinkSync("../later.json", join(workspace, ".claude/settings.json"));
        return undefined;
      },
    },
    {
      name: "objects that lie elsewhere",
      code: "repository_unsupported",
      make: (area) => {
        makeRepository(area);
        symlinkSync("/etc", join(area.workspace, ".git/lfs"));
        return undefined;
      },
    },
    {
      name: "an included configuration that is not there",
      code: "repository_unsupported",
      make: (area) => {
        makeRepository(area);
        git(area, area.workspace, "config", "include.path", "../later.config");
        return undefined;
      },
    },
    {
      name: "a bare repository",
      code: "repository_unsupported",
      make: (area) => {
        git(area, area.workspace, "init", "-q", "--bare");
        return undefined;
      },
    },
  ];
  it.each(refusals)("$name is refused, and nothing is made", async ({ code, make }) => {
    using area = makeArea();
    const dir = make(area) ?? area.workspace;
    const before = listing(area.root);
    await expect(guardWorkspace(area, { dir })).rejects.toMatchObject({ code });
    expect(listing(area.root)).toEqual(before);
  });

  it("a workspace given by a link is the folder itself", async () => {
    using area = makeArea();
    symlinkSync("work", join(area.root, "alias"));
    const guarded = await guardWorkspace(area, { dir: join(area.root, "alias") });
    expect(guarded.plan.workspace).toBe(area.workspace);
    await guarded.settle();
  });
});

describe("other layouts", () => {
  it("a workspace that is a submodule's working tree has its repository", async () => {
    using area = makeArea();
    const library = join(area.root, "library");
    const parent = join(area.root, "parent");
    makeRepository(area, library);
    makeRepository(area, parent);
    git(area, parent, "submodule", "--quiet", "add", library, "sub");
    const dir = join(parent, "sub");
    const guarded = await guardWorkspace(area, { dir });
    const inside = guarded.run(`
      set -e; echo x > x.txt; git add x.txt; git commit -qm insub; ! ls ../a.txt; ! ls ../.git/config
      ${plant("../.git/modules/sub")}
    `);
    expect(inside.code, inside.output).toBe(0);
    expect((await guarded.settle()).leftovers).toEqual([]);
    expect(git(area, dir, "log", "-1", "--format=%s")).toBe("insub");
    expect(git(area, dir, "status", "--porcelain")).toBe("");
    expect(readFileSync(join(parent, ".git/modules/sub/config"), "utf8")).not.toContain("OWNED");
    expect(existsSync(join(parent, ".git/modules/sub/hooks/pre-commit"))).toBe(false);
  });

  it("a git directory that lies elsewhere in the workspace is guarded where it lies", async () => {
    using area = makeArea();
    mkdirSync(join(area.workspace, "store"));
    git(area, area.workspace, "init", "-q", `--separate-git-dir=${join(area.workspace, "store/x")}`, "project");
    const project = join(area.workspace, "project");
    put(project, { "a.txt": "one\n" });
    git(area, project, "add", "-A");
    git(area, project, "commit", "-qm", "first");
    const guarded = await guardWorkspace(area);
    guarded.run(`cd project && git commit -q --allow-empty -m second; mv ../store ../s2; ${plant("../store/x")}`);
    expect((await guarded.settle()).leftovers).toEqual([]);
    expect(git(area, project, "log", "-1", "--format=%s")).toBe("second");
    expect(readFileSync(join(area.workspace, "store/x/config"), "utf8")).not.toContain("OWNED");
  });

  it("a repository with SHA-256 works like any other", async () => {
    using area = makeArea();
    git(area, area.workspace, "init", "-q", "--object-format=sha256");
    put(area.workspace, { "a.txt": "one\n" });
    git(area, area.workspace, "add", "-A");
    git(area, area.workspace, "commit", "-qm", "first");
    const guarded = await guardWorkspace(area);
    expect(guarded.run("git checkout -q -b topic && echo b > b.txt && git add b.txt").code).toBe(0);
    expect(await guarded.settle()).toEqual({ notes: [], leftovers: [] });
    expect(git(area, area.workspace, "status", "--porcelain", "-b")).toBe("## topic\nA  b.txt");
  });

  it("what was under way is ended inside, and what is begun inside stays there", async () => {
    using area = makeArea();
    makeRepository(area);
    git(area, area.workspace, "checkout", "-q", "-b", "topic", "HEAD~1");
    put(area.workspace, { "a.txt": "other\n" });
    git(area, area.workspace, "commit", "-qam", "conflict");
    expect(() => git(area, area.workspace, "rebase", "-q", "main")).toThrow();
    const guarded = await guardWorkspace(area);
    const inside = guarded.run("echo solved > a.txt && git add a.txt && git rebase --continue && git status");
    expect(inside.code, inside.output).toBe(0);
    expect(await guarded.settle()).toEqual({ notes: [], leftovers: [] });
    expect(existsSync(join(area.workspace, ".git/rebase-merge"))).toBe(false);
    expect(git(area, area.workspace, "status", "--porcelain", "-b")).toBe("## topic");
    expect(git(area, area.workspace, "log", "-1", "--format=%s")).toBe("conflict");

    const again = await guardWorkspace(area, { slug: "second" });
    again.run(`GIT_SEQUENCE_EDITOR="sed -i 1ibreak" git rebase -q -i HEAD~1`);
    const report = await again.settle();
    expect(report.notes.map(({ action, path }) => `${action} ${path}`)).toContain("dropped .git/rebase-merge");
    expect(existsSync(join(area.workspace, ".git/rebase-merge"))).toBe(false);
  });

  it("objects that are borrowed from elsewhere are named and not mounted", async () => {
    using area = makeArea();
    const other = join(area.root, "other");
    makeRepository(area, other);
    git(area, area.root, "clone", "-q", "--shared", other, join(area.workspace, "clone"));
    const guarded = await guardWorkspace(area, { dir: join(area.workspace, "clone") });
    expect(guarded.plan.notes.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/borrows objects from .*other/),
    ]);
    expect(guarded.run(`ls ${other}`).code).not.toBe(0);
    await guarded.settle();
    expect(git(area, join(area.workspace, "clone"), "log", "-1", "--format=%s")).toBe("second");
  });

  it("reflogs of host and agent come together", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    guarded.run("git commit -q --allow-empty -m inside; echo x >> a.txt; git stash -q");
    git(area, area.workspace, "commit", "-q", "--allow-empty", "-m", "outside");
    await guarded.settle();
    expect(git(area, area.workspace, "reflog", "--format=%gs").split("\n")).toEqual(
      expect.arrayContaining(["commit: outside", "commit: inside", "commit: second", "commit (initial): first"]),
    );
    expect(git(area, area.workspace, "stash", "list")).toContain("stash@{0}: WIP on main");
  });

  it("a file system that does not tell upper from lower case is refused", async () => {
    using area = makeArea();
    const swapped = join(area.root, "WORK");
    const host = { ...guardHost, look: (path: string) => guardHost.look(path === swapped ? area.workspace : path) };
    await expect(guardWorkspace(area, { host })).rejects.toMatchObject({ code: "workspace_folds_case" });
  });
});
