import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Area, git, guardWorkspace, listing, makeArea, makeRepository, openWorkspace, put } from "./guard-kit.ts";

// What an agent could leave in a workspace so that a program of the host runs it. Each trick is first seen to work in a
// sandbox that has the workspace without its guard, so that one that fails for another reason does not count.

const owned = "OWNED-BY-THE-AGENT";
const holds = (area: Area, path: string) => {
  const file = join(area.workspace, path);
  return existsSync(file) && lstatSync(file).isFile() && readFileSync(file, "utf8").includes(owned);
};
const hook = `printf '#!/bin/sh\\n# ${owned}\\n'`;
const config = `printf '[core]\\n\\tfsmonitor = ${owned}\\n'`;

interface Trick {
  readonly name: string;
  readonly script: string;
  /** Where it would lie on the host. */
  readonly at: string;
  readonly prepare?: (area: Area) => void;
  /** What the person does afterwards. */
  readonly afterwards?: (area: Area) => void;
}

function checkout(area: Area): void {
  // What an index says reaches the tree when the person restores it.
  try {
    git(area, area.workspace, "checkout-index", "-f", "-a");
  } catch {
    // Refused is as good.
  }
}

const names = [
  ".mcp.json",
  ".bashrc",
  ".bash_profile",
  ".zshrc",
  ".zshenv",
  ".profile",
  ".gitconfig",
  ".ripgreprc",
  ".inputrc",
  ".aider.conf.yml",
  ".Rprofile",
  ".irbrc",
  ".pdbrc",
];
const folders = [".codex", ".cursor", ".gemini", ".pi", ".idea", ".opencode", ".windsurf"];

const tricks: readonly Trick[] = [
  { name: "a hook", script: `${hook} > .git/hooks/pre-commit`, at: ".git/hooks/pre-commit" },
  {
    name: "a hook after the folder of hooks was made anew",
    script: `rm -rf .git/hooks; mkdir .git/hooks; ${hook} > .git/hooks/pre-commit`,
    at: ".git/hooks/pre-commit",
  },
  { name: "a hook moved into place", script: `${hook} > h; mv h .git/hooks/pre-commit`, at: ".git/hooks/pre-commit" },
  { name: "a hook through a link", script: `ln -s .git/hooks l; ${hook} > l/pre-commit`, at: ".git/hooks/pre-commit" },
  {
    name: "a hook by git init from a template",
    script: `mkdir -p t/hooks; ${hook} > t/hooks/pre-push; chmod +x t/hooks/pre-push; git init -q --template=t .`,
    at: ".git/hooks/pre-push",
  },
  {
    name: "another .git in place of the first",
    script: `mv .git x; cp -r x .git; ${config} >> .git/config`,
    at: ".git/config",
  },
  {
    name: "another .git, exchanged",
    script: `cp -r .git y; ${config} >> y/config; python3 -c 'import ctypes; exit(ctypes.CDLL(None).renameat2(-100, b"y", -100, b".git", 2))'`,
    at: ".git/config",
  },
  {
    name: "the workspace's own folder exchanged",
    script: `cd ..; mv work w2; cp -r w2 work; ${config} >> work/.git/config`,
    at: ".git/config",
  },
  {
    name: "a .git file in place of the folder",
    script: `cp -r .git .real; ${config} >> .real/config; rm -rf .git; echo 'gitdir: .real # ${owned}' > .git`,
    at: ".git",
  },
  { name: "a line of configuration", script: `${config} >> .git/config`, at: ".git/config" },
  { name: "git config", script: `git config core.fsmonitor ${owned}`, at: ".git/config" },
  { name: "git config core.hooksPath", script: `git config core.hooksPath ${owned}`, at: ".git/config" },
  { name: "git config alias", script: `git config alias.st '!${owned}'`, at: ".git/config" },
  {
    name: "a configuration of the working tree",
    script: `git config extensions.worktreeConfig true; git config --worktree core.fsmonitor ${owned}`,
    at: ".git/config.worktree",
  },
  {
    name: "another common folder",
    script: `cp -r .git .c; ${config} >> .c/config; echo "../.c #${owned}" > .git/commondir`,
    at: ".git/commondir",
  },
  { name: "attributes", script: `echo '* filter=${owned}' > .git/info/attributes`, at: ".git/info/attributes" },
  {
    name: "a rebase with a command in it",
    script: `GIT_SEQUENCE_EDITOR="sed -i -e 1ibreak -e '\\$aexec ${owned}'" git rebase -q -i HEAD~1; ls .git/rebase-merge`,
    at: ".git/rebase-merge/git-rebase-todo",
  },
  {
    name: "an index with a hook's path in it",
    script: `python3 -c '
import subprocess
from pathlib import Path
blob = subprocess.run(["git","hash-object","-w","--stdin"], input=b"#!/bin/sh\\n# ${owned}\\n", capture_output=True).stdout.decode().strip()
subprocess.run(["git","update-index","--add","--cacheinfo","100755,"+blob+",.gxt/hooks/pre-commit"], check=True)
import hashlib
raw = bytearray(Path(".git/index").read_bytes()[:-20].replace(b".gxt/", b".git/"))
Path(".git/index").write_bytes(bytes(raw) + hashlib.sha1(raw).digest())
'; true`,
    at: ".git/hooks/pre-commit",
    afterwards: checkout,
  },
  {
    name: "objects from elsewhere",
    script: `mkdir -p .git/objects/info; echo /${owned} > .git/objects/info/alternates`,
    at: ".git/objects/info/alternates",
  },
  { name: "an agent's settings", script: `echo ${owned} > .claude/settings.json`, at: ".claude/settings.json" },
  {
    name: "an agent's settings, new",
    script: `echo ${owned} > .claude/settings.local.json`,
    at: ".claude/settings.local.json",
  },
  {
    name: "an agent's settings, the folder moved",
    script: `mv .claude c2; mkdir .claude; echo ${owned} > .claude/settings.json`,
    at: ".claude/settings.json",
  },
  {
    name: "an agent's settings by a link to a folder",
    script: `mkdir c3; echo ${owned} > c3/settings.json; rm -rf .claude; ln -s c3 .claude`,
    at: ".claude/settings.json",
  },
  {
    name: "an agent's settings by a hard link",
    script: `ln .claude/settings.json s && echo ${owned} > s`,
    at: ".claude/settings.json",
  },
  { name: "an editor's tasks", script: `echo ${owned} > .vscode/tasks.json`, at: ".vscode/tasks.json" },
  {
    name: "an editor's tasks by git",
    script: `git rm -q --cached .vscode/tasks.json; rm -rf .vscode; mkdir .vscode; echo ${owned} > .vscode/tasks.json`,
    at: ".vscode/tasks.json",
  },
  ...names.map((name) => ({ name, script: `echo ${owned} > ${name}`, at: name })),
  ...names.map((name) => ({
    name: `${name} moved into place`,
    script: `rmdir ${name}; echo ${owned} > z; mv -T z ${name}`,
    at: name,
  })),
  ...folders.map((name) => ({
    name,
    script: `mkdir -p ${name}; echo ${owned} > ${name}/settings.json`,
    at: `${name}/settings.json`,
  })),
  ...folders.map((name) => ({
    name: `${name} moved into place`,
    script: `rmdir ${name}; mkdir z; echo ${owned} > z/settings.json; mv -T z ${name}`,
    at: `${name}/settings.json`,
  })),
  {
    name: "hooks that lie in the working tree",
    prepare: (area) => {
      put(area.workspace, { ".husky/pre-commit": "true\n", ".husky/_/pre-commit": ". .husky/pre-commit\n" });
      git(area, area.workspace, "config", "core.hooksPath", ".husky/_");
    },
    script: `echo ${owned} > .husky/pre-commit`,
    at: ".husky/pre-commit",
  },
  {
    name: "hooks in the working tree that are not there yet",
    prepare: (area) => git(area, area.workspace, "config", "core.hooksPath", "tools/hooks"),
    script: `mkdir -p tools/hooks; ${hook} > tools/hooks/pre-commit`,
    at: "tools/hooks/pre-commit",
  },
  {
    name: "a configuration that the repository includes",
    prepare: (area) => {
      put(area.workspace, { "git/shared.config": "[pull]\n\trebase = true\n" });
      git(area, area.workspace, "config", "include.path", "../git/shared.config");
    },
    script: `mv git g2; mkdir git; ${config} > git/shared.config`,
    at: "git/shared.config",
  },
  {
    name: "a filter that git runs",
    prepare: (area) => {
      put(area.workspace, { "tools/clean.sh": "cat\n" });
      git(area, area.workspace, "config", "filter.x.clean", "sh ./tools/clean.sh");
    },
    script: `echo ${owned} > tools/clean.sh`,
    at: "tools/clean.sh",
  },
  {
    name: "what an agent's settings link to",
    prepare: (area) => {
      put(area.workspace, { "shared/skills/x.md": "x\n" });
      git(area, area.workspace, "config", "core.symlinks", "true");
      openWorkspace(area, "ln -s ../shared/skills .claude/skills");
    },
    script: `echo ${owned} > shared/skills/x.md`,
    at: "shared/skills/x.md",
  },
];

describe("what cannot be planted", () => {
  it.each(tricks)("$name", async ({ script, at, prepare, afterwards }) => {
    using open = makeArea();
    makeRepository(open);
    prepare?.(open);
    openWorkspace(open, script);
    afterwards?.(open);
    expect(holds(open, at), "the trick works where nothing guards").toBe(true);

    using area = makeArea();
    makeRepository(area);
    prepare?.(area);
    const guarded = await guardWorkspace(area);
    const clean = listing(area.workspace, /^\.git\/objects|^\.git\/index$/);
    guarded.run(script);
    afterwards?.(area);
    expect(holds(area, at), "while the run lasts").toBe(false);
    const report = await guarded.settle();
    afterwards?.(area);
    expect(holds(area, at), "after the run").toBe(false);
    expect(report.leftovers).toEqual([]);
    const left = listing(area.workspace);
    for (const placeholder of guarded.plan.placeholders) expect(Object.keys(left)).not.toContain(placeholder);
    for (const path of Object.keys(clean).filter((each) => /^\.(git\/(hooks|config)|claude|vscode)/.test(each)))
      expect([path, left[path]]).toEqual([path, clean[path]]);
  });

  it("an agent cannot take the guard's mounts away", async () => {
    using area = makeArea();
    makeRepository(area);
    const guarded = await guardWorkspace(area);
    const attempts = [
      "umount .git",
      "umount -l .claude",
      "unshare -Urm umount .git",
      "unshare -Urm sh -c 'mkdir /tmp/m && mount --bind . /tmp/m && echo x >> /tmp/m/.git/config'",
      "unshare -Urm sh -c 'mkdir /tmp/m && mount --rbind . /tmp/m && umount /tmp/m/.git'",
      "unshare -Urm mount -o remount,rw,bind .claude && echo x > .claude/x",
      "mount --move .git x",
    ];
    for (const attempt of attempts) expect(guarded.run(attempt), attempt).not.toMatchObject({ code: 0 });
    await guarded.settle();
    expect(readFileSync(join(area.workspace, ".git/config"), "utf8")).not.toContain("x\n");
    expect(existsSync(join(area.workspace, ".claude/x"))).toBe(false);
  });
});
