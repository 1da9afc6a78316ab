import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTestCli, type TestCli } from "../kit/cli.ts";

/** A repository that brings a git of its own, which `npm run` or direnv put first on PATH; it says who called it. */
function bringGit(cli: TestCli) {
  const folder = join(cli.workspace, "bin");
  const witness = join(cli.home, "witness");
  mkdirSync(folder);
  execFileSync("git", ["init", "-q", cli.workspace]);
  writeFileSync(join(folder, "git"), `#!/bin/sh\necho "$@" >> ${witness}\nexec /usr/bin/git "$@"\n`, { mode: 0o755 });
  return { folder, witness: () => (existsSync(witness) ? readFileSync(witness, "utf8") : "") };
}

describe("a git that the workspace brought", () => {
  it("is not started outside, neither to guard the workspace nor to settle it", async () => {
    await using cli = createTestCli();
    const git = bringGit(cli);
    const env = { PATH: `${git.folder}:${process.env.PATH}` };
    const script =
      "git config user.name Agent; git config user.email a@example.test; git commit -q --allow-empty -m one; git rev-parse HEAD > head";
    const result = await cli.run(["run", "--", "/bin/sh", "-c", script], { env });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(existsSync(join(cli.workspace, "head"))).toBe(true);
    expect(git.witness()).toBe("");
  });

  it("is not started when a link from elsewhere on PATH leads to it", async () => {
    await using cli = createTestCli();
    const git = bringGit(cli);
    const links = join(cli.home, "links");
    mkdirSync(links);
    symlinkSync(join(git.folder, "git"), join(links, "git"));
    const result = await cli.run(["run", "--", "true"], { env: { PATH: `${links}:${process.env.PATH}` } });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(git.witness()).toBe("");
  });
});
