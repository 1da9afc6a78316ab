import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
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
    expect(await readGitIdentity(dir, environment)).toEqual({});
    execFileSync("git", ["init", "-q", dir]);
    execFileSync("git", ["-C", dir, "config", "user.name", "A B"]);
    execFileSync("git", ["-C", dir, "config", "user.email", "a@b.example"]);
    expect(await readGitIdentity(dir, environment)).toEqual({ name: "A B", email: "a@b.example" });
    expect(await readGitIdentity(dir, { PATH: "/nowhere" })).toEqual({});
  });
});
