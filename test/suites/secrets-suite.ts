import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const live = `ghp_${"a1B2".repeat(9)}`;
const put = (cli: TestCli, files: Readonly<Record<string, string>>) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cli.workspace, name)), { recursive: true });
    writeFileSync(join(cli.workspace, name), text);
  }
};
const gitIn = (cli: TestCli) => (script: string) =>
  execFileSync("sh", ["-ec", script], {
    cwd: cli.workspace,
    env: { ...cli.environment, ...asOwner },
    encoding: "utf8",
  });
/** Git of the host, whoever the folder belongs to. */
const asOwner = {
  GIT_CONFIG_COUNT: "3",
  GIT_CONFIG_KEY_0: "safe.directory",
  GIT_CONFIG_VALUE_0: "*",
  GIT_CONFIG_KEY_1: "user.name",
  GIT_CONFIG_VALUE_1: "T",
  GIT_CONFIG_KEY_2: "user.email",
  GIT_CONFIG_VALUE_2: "t@t.example",
};
const giveToAgent = (cli: TestCli, engine: TestEngine) => {
  if (engine.name === "docker") execFileSync("chown", ["-R", "1000:1000", cli.workspace]);
};
const names = (masked: readonly { readonly path: string }[]) => masked.map(({ path }) => path);

/** Secrets that lie in a workspace, on one engine. */
export function describeSecrets(engine: TestEngine): void {
  describe.each(["mount", "copy"] as const)(`secrets of a workspace, %s (${engine.name})`, (mode) => {
    const run = (cli: TestCli, script: string, ...options: readonly string[]) =>
      cli.run(["run", "--workspace", mode, "--label", "s", ...options, "--", "sh", "-c", script]);

    it("are empty and read-only inside, named to the person, and untouched outside", async () => {
      await using cli = engine.createCli();
      put(cli, {
        ".env": "PASSWORD=hunter2\n",
        "src/client.ts": `const token = "${live}";\n`,
        "src/plain.ts": "export const one = 1;\n",
        ".env.example": "PASSWORD=\n",
        ".npmrc": "//registry.example/:_authToken=abcdef0123456789\n",
      });
      linkSync(join(cli.workspace, ".env"), join(cli.workspace, "src/other.txt"));
      giveToAgent(cli, engine);
      const all = ".env src/client.ts .npmrc src/other.txt";
      const script = `cat ${all} | wc -c; cat src/plain.ts .env.example; for f in ${all}; do (echo x > $f); rm -f $f; mv $f y; done; cat ${all} | wc -c`;
      const { stdout, stderr } = await run(cli, script);
      expect(stdout).toBe("0\nexport const one = 1;\nPASSWORD=\n0\n");
      expect(stderr).toMatch(
        /masked {5}\.env, \.npmrc, src\/client\.ts, src\/other\.txt \(4 secrets of the workspace; to show one: --show \.env\)/,
      );
      expect(readFileSync(join(cli.workspace, ".env"), "utf8")).toBe("PASSWORD=hunter2\n");
      const shown = (await cli.run(["inspect", "s", "--json"])).json<{ slug: string; masked: { path: string }[] }>();
      expect(names(shown.masked)).toEqual([".env", ".npmrc", "src/client.ts", "src/other.txt"]);
      const events = readFileSync(join(cli.stateRoot, "sandboxes", shown.slug, "events.jsonl"), "utf8");
      expect(events).toMatch(/"event":"secrets_masked","files":\[\{"path":"\.env","why":"environment"\}/);
      // Nowhere in what the run left: the copy and its repository count, too.
      const state = execFileSync("sh", ["-c", `grep -rl -e hunter2 -e ${live} ${cli.stateRoot} || true`], {
        encoding: "utf8",
      });
      expect(state).toBe("");
    });

    it("are shown when the person's manifest or --show says so, and more are hidden", async () => {
      await using cli = engine.createCli();
      put(cli, { ".env": "A=1\n", "deploy/.env": "B=2\n", "notes/mine.txt": "private\n" });
      giveToAgent(cli, engine);
      mkdirSync(cli.configDir, { recursive: true });
      writeFileSync(join(cli.configDir, "caisson.yaml"), "secrets: { show: [deploy/.env], hide: [notes] }\n");
      const script = "cat .env deploy/.env notes/mine.txt";
      expect((await run(cli, script)).stdout).toBe("B=2\n");
      expect((await run(cli, script, "--show", "./.env")).stdout).toBe("A=1\nB=2\n");
      const plan = (await cli.run(["run", "--dry-run", "--json", "--show", "none.txt", "--", "true"])).json<{
        masked: { path: string }[];
        shown: string[];
        notes: { text: string }[];
      }>();
      expect({ masked: names(plan.masked), shown: plan.shown }).toEqual({
        masked: [".env", "notes/mine.txt"],
        shown: ["deploy/.env"],
      });
      expect(plan.notes.map(({ text }) => text)).toContainEqual(expect.stringContaining("none.txt"));
    });

    it("a repository's own manifest shows none of them", async () => {
      await using cli = engine.createCli();
      put(cli, { ".env": "A=1\n", "caisson.yaml": "secrets: { show: ['**'] }\n" });
      giveToAgent(cli, engine);
      const { stdout, stderr } = await run(cli, "cat .env");
      expect(stdout).toBe("");
      expect(stderr).toMatch(/caisson\.yaml .*ignored: .*secrets/);
    });

    it("git inside shows no emptied file as changed and commits none, tracked or not", async () => {
      await using cli = engine.createCli();
      const git = gitIn(cli);
      put(cli, { "prod.env": "TRACKED=1\n", "a.txt": "one\n" });
      git("git init -q; git add -A; git commit -qm first");
      put(cli, { ".env": "UNTRACKED=1\n" });
      giveToAgent(cli, engine);
      const script = `git config user.name A; git config user.email a@a.example
        git status --short; echo two > a.txt; git add -A; git commit -qam second; git status --short; git show --stat --format= HEAD | grep -c env`;
      const { stdout, stderr } = await run(cli, script);
      expect(stdout).toBe("0\n");
      expect(stderr).toMatch(/prod\.env.*its history still shows it/);
      if (mode === "copy") {
        expect(await cli.run(["diff", "s", "--stat"])).toMatchObject({ stdout: expect.not.stringContaining("env") });
        expect(await cli.run(["apply", "s"])).toMatchObject({ exitCode: 0, stdout: "changed  a.txt\n" });
        expect(git("git status --short")).toBe(" M a.txt\n?? .env\n");
      } else {
        expect(git("git status --short")).toBe("?? .env\n");
        expect(git("git ls-files -v prod.env")).toBe("H prod.env\n");
        expect(git("git show --stat --format= HEAD")).not.toMatch(/env/);
      }
      expect(readFileSync(join(cli.workspace, "prod.env"), "utf8")).toBe("TRACKED=1\n");
      expect(readFileSync(join(cli.workspace, ".env"), "utf8")).toBe("UNTRACKED=1\n");
    });
  });
}
