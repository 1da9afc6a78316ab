import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readGitIdentity } from "../../../src/host/read-git-identity.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "caisson-git-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("readGitIdentity()", () => {
  it("reads what git would commit with in this folder", async () => {
    const environment = { PATH: process.env.PATH, HOME: dir, GIT_CONFIG_NOSYSTEM: "1" };
    expect(await readGitIdentity({ dir }, environment)).toEqual({});
    execFileSync("git", ["init", "-q", dir]);
    execFileSync("git", ["-C", dir, "config", "user.name", "A B"]);
    execFileSync("git", ["-C", dir, "config", "user.email", "a@b.example"]);
    expect(await readGitIdentity({ dir }, environment)).toEqual({ name: "A B", email: "a@b.example" });
    expect(await readGitIdentity({ dir }, { PATH: "/nowhere" })).toEqual({});
  });

  it("starts no git that the workspace brings, by an absolute or a relative folder of PATH", async () => {
    const mark = join(dir, "ran");
    mkdirSync(join(dir, "bin"));
    writeFileSync(join(dir, "bin/git"), `#!/bin/sh\n: >${mark}\n`, { mode: 0o755 });
    const path = `bin:${join(dir, "bin")}`;
    expect(await readGitIdentity({ dir, workspace: dir }, { PATH: path })).toEqual({});
    expect(existsSync(mark)).toBe(false);
  });
});
