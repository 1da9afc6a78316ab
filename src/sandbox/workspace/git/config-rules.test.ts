import { describe, expect, it } from "vitest";
import { refuseEntry, refuseUrl } from "./config-rules.ts";

const context = { remotes: new Set(["origin"]) };
const refuse = (key: string, value: string | undefined, isNew = false) => refuseEntry({ key, value }, context, isNew);

describe("refuseEntry()", () => {
  it.each([
    ["user.name", "Ada Lovelace"],
    ["user.email", "ada@example.test"],
    ["remote.origin.url", "https://git.example.test/a/b.git"],
    ["remote.origin.url", "ssh://git@git.example.test:2222/a/b.git"],
    ["remote.origin.url", "git@git.example.test:a/b.git"],
    ["remote.origin.url", "git.example.test:a/b.git"],
    ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
    ["branch.feature/x.remote", "origin"],
    ["branch.feature/x.remote", "."],
    ["branch.feature/x.merge", "refs/heads/feature/x"],
    ["branch.main.rebase", "merges"],
    ["submodule.a/b.active", "true"],
    ["pull.rebase", "true"],
    ["push.autosetupremote", undefined],
  ])("lets %s = %s through", (key, value) => expect(refuse(key, value)).toBeUndefined());

  it.each([
    ["core.fsmonitor", "true"],
    ["core.hookspath", "hooks"],
    ["core.sshcommand", "ssh"],
    ["core.worktree", "/"],
    ["core.bare", "true"],
    ["core.repositoryformatversion", "1"],
    ["alias.st", "status"],
    ["filter.lfs.clean", "git-lfs clean"],
    ["diff.x.textconv", "cat"],
    ["merge.x.driver", "true"],
    ["include.path", "x"],
    ["includeif.gitdir:/.path", "x"],
    ["credential.helper", "store"],
    ["url.https://evil.example.test/.insteadof", "https://git.example.test/"],
    ["protocol.ext.allow", "always"],
    ["remote.origin.uploadpack", "x"],
    ["remote.origin.vcs", "x"],
    ["remote.pushdefault", "x"],
    ["extensions.worktreeconfig", "true"],
    ["user.signingkey", "x"],
    ["user.name", "two\nlines"],
    ["remote.a/../b.url", "https://git.example.test/"],
    ["remote.-x.url", "https://git.example.test/"],
    ['branch.a"b.merge', "refs/heads/x"],
    ["branch.main.remote", "evil"],
    ["branch.main.remote", "https://evil.example.test"],
    ["branch.main.merge", "refs/heads/../../x"],
    ["branch.main.merge", "refs/heads/-x"],
    ["remote.origin.fetch", "+refs/heads/*:refs/heads/*"],
    ["remote.origin.fetch", "refs/heads/../x:refs/remotes/x"],
    ["push.default", "matching"],
  ])("keeps %s = %s back", (key, value) => expect(refuse(key, value)).toBeTypeOf("string"));

  it("lets a repository made inside be one", () => {
    expect(refuse("core.bare", "true", true)).toBeUndefined();
    expect(refuse("extensions.objectformat", "sha256", true)).toBeUndefined();
    expect(refuse("core.worktree", "../x", true)).toBeTypeOf("string");
    expect(refuse("core.fsmonitor", "x", true)).toBeTypeOf("string");
  });
});

describe("refuseUrl()", () => {
  it.each([
    "ext::sh -c touch% x",
    "/home/me/other",
    "../other",
    "file:///home/me/other",
    "C:/x",
    "-u:x",
    "--upload-pack=x:y",
    "ssh://-oProxyCommand=x/y",
    "-oProxyCommand=x@host:y",
    "git@-host:x",
    "https://-x/y",
    "https://u:secret@git.example.test/x",
    "http://git.example.test/x",
    "git://git.example.test/x",
    "https://git.example.test/x\nurl = y",
    "https://git.example.test/$(x)",
    "git@host:x;y",
    "fd::3",
    "host::x",
    "",
  ])("refuses %j", (url) => expect(refuseUrl(url)).toBeTypeOf("string"));
});
