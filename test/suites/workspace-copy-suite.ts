import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const matching = (pattern: RegExp) => expect.stringMatching(pattern);
const copying = (cli: TestCli, script: string, ...options: readonly string[]) =>
  cli.run(["run", "--workspace", "copy", "--label", "c", ...options, "--", "sh", "-c", script]);
const read = (cli: TestCli, file: string) => readFileSync(join(cli.workspace, file), "utf8");

/** Copies of workspaces, shown and applied, on one engine. */
export function describeWorkspaceCopy(engine: TestEngine): void {
  describe(`caisson run --workspace copy (${engine.name})`, () => {
    it("shows the folder under its own path, changes nothing in it, and says what to do next", async () => {
      await using cli = engine.createCli();
      writeFileSync(join(cli.workspace, "a.txt"), "one\n");
      const { stdout, stderr, exitCode } = await copying(cli, "pwd; echo two >> a.txt; rm -rf .git; cat a.txt");
      expect({ stdout, exitCode }).toEqual({ stdout: `${cli.workspace}\none\ntwo\n`, exitCode: 0 });
      expect(stderr).toMatch(/workspace copied \(yours is not touched\)/);
      expect(stderr).toMatch(/see {8}caisson diff (\S+) · caisson apply \1 · caisson audit \1/);
      expect(read(cli, "a.txt")).toBe("one\n");
      expect(await cli.run(["diff", "c"])).toMatchObject({ exitCode: 0, stdout: matching(/\n one\n\+two\n$/) });
      expect((await cli.run(["inspect", "c", "--json"])).json().copy).toMatchObject({ files: 1 });
      expect(await cli.run(["apply", "c"])).toMatchObject({ exitCode: 0, stdout: "changed  a.txt\n" });
      expect(read(cli, "a.txt")).toBe("one\ntwo\n");
      expect(await cli.run(["apply", "c"])).toMatchObject({ exitCode: 0, stdout: "", stderr: "nothing to apply\n" });
      expect(await cli.run(["rm", "c"])).toMatchObject({ exitCode: 0 });
      expect(readdirSync(join(cli.stateRoot, "sandboxes"))).toEqual([]);
    });

    it("has git inside with the history, and commits there move nothing outside", async () => {
      await using cli = engine.createCli();
      const git = (...args: readonly string[]) =>
        execFileSync("git", ["-c", "safe.directory=*", "-c", "user.name=T", "-c", "user.email=t@t.example", ...args], {
          cwd: cli.workspace,
          env: cli.environment,
          encoding: "utf8",
        });
      git("init", "-q");
      writeFileSync(join(cli.workspace, "a.txt"), "one\n");
      git("add", ".");
      git("commit", "-qm", "first");
      writeFileSync(join(cli.workspace, "dirty"), "mine\n");
      const head = git("rev-parse", "HEAD");
      const script =
        "echo two > a.txt; git -c user.name=A -c user.email=a@a.example commit -qam second; git log --oneline | wc -l";
      expect((await copying(cli, script)).stdout.trim()).toBe("2");
      expect(git("rev-parse", "HEAD")).toBe(head);
      expect(await cli.run(["apply", "c"])).toMatchObject({ exitCode: 0 });
      expect(git("status", "--short")).toBe(" M a.txt\n?? dirty\n");
    });

    it("diff and apply work while the sandbox runs, and after the copy was killed off", async () => {
      await using cli = engine.createCli();
      const started = await copying(cli, "echo 1 > first; sleep 600", "--detach");
      expect(started).toMatchObject({ exitCode: 0 });
      const slug = started.stdout.trim();
      const tree = join(cli.stateRoot, "sandboxes", slug, "workspace/tree");
      while (!existsSync(join(tree, "first")) || readFileSync(join(tree, "first"), "utf8") === "")
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await cli.run(["diff", slug, "--json"])).json()).toMatchObject({
        slug,
        files: [{ path: "first", status: "added", added: 1, removed: 0, binary: false }],
      });
      expect(await cli.run(["diff", slug, "--exit-code", "--stat"])).toMatchObject({ exitCode: 1 });
      expect(await cli.run(["apply", slug])).toMatchObject({ exitCode: 0 });
      expect(read(cli, "first")).toBe("1\n");
      await cli.run(["exec", slug, "--", "sh", "-c", "echo 2 > second"]);
      await cli.run(["stop", slug]);
      expect((await cli.run(["apply", slug, "--json"])).json()).toMatchObject({
        applied: [{ path: "second", did: "added" }],
        conflicts: [],
      });
    });

    it("rm and cleanup lose no change that was not applied; --force does", async () => {
      await using cli = engine.createCli();
      await copying(cli, "echo 1 > made");
      expect(await cli.run(["rm", "c"])).toMatchObject({
        exitCode: 7,
        stderr: matching(/1 change is in its copy alone/),
      });
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await cli.run(["cleanup", "--older-than", "1s"]);
      expect(await cli.run(["diff", "c"])).toMatchObject({ exitCode: 0, stdout: matching(/\+1/) });
      expect(await cli.run(["rm", "--force", "c"])).toMatchObject({ exitCode: 0 });
    });

    it("plants nothing: a hook, an agent's settings, a link out", async () => {
      await using cli = engine.createCli();
      execFileSync("git", ["init", "-q"], { cwd: cli.workspace, env: cli.environment });
      const script = [
        "echo touch planted > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout",
        "git config core.fsmonitor ./evil",
        "mkdir .claude; echo '{}' > .claude/settings.json; ln -s /etc/passwd out; echo ok > fine",
        "printf 'fine diff=x filter=x\\n' > .gitattributes",
      ].join("; ");
      await copying(cli, script);
      const { exitCode, stdout, stderr } = await cli.run(["apply", "c"]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "added  .gitattributes\nadded  fine\n" });
      expect(stderr).toMatch(/left out {3}\.claude\/settings\.json.*\nleft out {3}out /);
      expect(readdirSync(cli.workspace).sort()).toEqual([".git", ".gitattributes", "fine"]);
      expect(readFileSync(join(cli.workspace, ".git/config"), "utf8")).not.toContain("evil");
      expect(existsSync(join(cli.workspace, ".git/hooks/post-checkout"))).toBe(false);
    });

    it("a conflict applies nothing and names it; a mounted workspace says what to do instead", async () => {
      await using cli = engine.createCli();
      writeFileSync(join(cli.workspace, "x"), "1\n");
      await copying(cli, "echo 2 > x; echo 3 > y");
      writeFileSync(join(cli.workspace, "x"), "mine\n");
      expect(await cli.run(["apply", "c"])).toMatchObject({
        exitCode: 7,
        stderr: matching(/\n {2}x .*\nnothing was applied/),
      });
      expect(existsSync(join(cli.workspace, "y"))).toBe(false);
      expect(await cli.run(["apply", "c", "--skip-conflicts"])).toMatchObject({ exitCode: 7, stdout: "added  y\n" });
      await cli.run(["run", "--label", "m", "--", "true"]);
      expect(await cli.run(["diff", "m"])).toMatchObject({
        exitCode: 7,
        stderr: matching(/is not a copy \(mount\)\nhint: git diff/),
      });
    });

    it("refuses a folder above the limit of disk before anything runs, and leaves nothing of it", async () => {
      await using cli = engine.createCli();
      mkdirSync(cli.configDir, { recursive: true });
      writeFileSync(join(cli.configDir, "caisson.yaml"), "limits:\n  disk: 64m\n");
      writeFileSync(join(cli.workspace, "large"), Buffer.alloc(70 * 1024 ** 2));
      chmodSync(join(cli.workspace, "large"), 0o600);
      expect(await copying(cli, "echo ran")).toMatchObject({
        exitCode: 5,
        stdout: "",
        stderr: matching(/larger than the limit of disk/),
      });
      const [slug = ""] = readdirSync(join(cli.stateRoot, "sandboxes"));
      expect(readdirSync(join(cli.stateRoot, "sandboxes", slug))).not.toContain("workspace");
      rmSync(join(cli.workspace, "large"));
    });
  });
}
