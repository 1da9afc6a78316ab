import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import type { TestEngine } from "../kit/test-engine.ts";

interface Plan {
  readonly policy: {
    readonly routes: readonly { readonly host: string }[];
    readonly credentials: readonly { readonly name: string }[];
    readonly mounts: readonly { readonly source: string }[];
    readonly environment: Readonly<Record<string, string>>;
  };
  readonly notes: readonly { readonly code: string; readonly text: string }[];
}

const bring = (cli: TestCli, manifest: string, name = "caisson.yaml") => {
  writeFileSync(join(cli.workspace, name), manifest);
};
const planOf = async (cli: TestCli, ...args: readonly string[]) =>
  (await cli.run(["run", "--dry-run", "--json", ...args])).json<Plan>();
const digestOf = async (cli: TestCli) =>
  (await cli.run(["policy", "trust", "--json"])).jsonLines<{ digest: string }>()[0]?.digest ?? "";
const trust = async (cli: TestCli) => cli.run(["policy", "trust", "--yes", "--digest", await digestOf(cli)]);

const asking = (host: string) => `
agents: { helper: { provider: command, command: [env], sandbox: web } }
sandboxes: { web: { environment: { MODE: test } } }
routes: [{ host: ${host}, credential: { name: key, inject: [{ as: bearer }] } }]
credentials: { key: { env: TRACKER_KEY } }
mounts: [{ source: /usr/share/misc, target: /data }]
`;

/** What a repository asks for, and what a person allows it, on one engine. */
export function describeTrust(engine: TestEngine): void {
  describe(`what a repository asks for (${engine.name})`, () => {
    it("must-have 18: a repository cannot define routes, credentials, mounts or images; an attempt is shown as a warning", async () => {
      await using cli = engine.createCli();
      bring(cli, `${asking("good.example")}image: evil\nagents2: {}\n`.replace("agents2: {}\n", ""));
      const plan = await planOf(cli, "--", "true");
      expect(plan.policy).toMatchObject({ routes: [], credentials: [], mounts: [] });
      const { text = "" } = plan.notes.find(({ code }) => code === "manifest_untrusted") ?? {};
      for (const part of ["routes good.example", "credentials key", "mounts /usr/share/misc", "images evil", "web"])
        expect(text).toContain(part);
      const { stderr, exitCode } = await cli.run(["run", "--", "sh", "-c", "test ! -e /data"]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("caisson policy trust") });
    });

    it("counts once a person trusted it, until any of it changes, and counts again when it is as it was", async () => {
      await using cli = engine.createCli();
      bring(cli, asking("good.example"));
      expect(await cli.run(["policy", "trust"])).toMatchObject({
        exitCode: 5,
        stdout: expect.stringMatching(/\+ +caisson\.yaml routes .*good\.example/),
        stderr: expect.stringMatching(/--yes --digest [0-9a-f]{64}/),
      });
      expect((await planOf(cli, "--", "true")).policy.routes).toEqual([]);
      expect(await trust(cli)).toMatchObject({ exitCode: 0 });
      const plan = await planOf(cli, "helper");
      expect(plan.policy.routes.map(({ host }) => host)).toEqual(["good.example"]);
      expect(plan.policy.credentials).toMatchObject([{ name: "workspace.key", source: { env: "TRACKER_KEY" } }]);
      expect(plan.policy.mounts).toMatchObject([{ source: "/usr/share/misc" }]);
      expect(plan.policy.environment).toMatchObject({ MODE: "test" });
      bring(cli, asking("evil.example"));
      const changed = await planOf(cli, "--", "true");
      expect(changed.policy).toMatchObject({ routes: [], credentials: [], mounts: [] });
      expect(changed.notes.map(({ text }) => text).join()).toMatch(/changed since you trusted .*routes evil\.example/);
      expect((await cli.run(["policy", "trust"])).stdout).toMatch(/- .*good\.example.*\n|\+ .*evil\.example.*\n/);
      bring(cli, `# only a comment\n${asking("good.example")}`);
      expect((await planOf(cli, "helper")).policy.routes).toHaveLength(1);
    });

    it("is asked for on a terminal, listed, forgotten, kept for its owner alone, and never guessed", async () => {
      await using cli = engine.createCli();
      bring(cli, asking("good.example"));
      const say = (answer: string) =>
        execFileSync("script", ["-qec", "caisson policy trust", "/dev/null"], {
          cwd: cli.workspace,
          env: { ...cli.environment, PATH: `${join(import.meta.dirname, "../../bin")}:${cli.environment.PATH}` },
          input: `${answer}\n`,
          encoding: "utf8",
        });
      expect(() => say("n")).toThrow();
      expect((await cli.run(["policy", "trust", "--list", "--json"])).stdout).toBe("");
      expect(say("y")).toMatch(/trusted, as long as nothing of it changes/);
      const listed = (await cli.run(["policy", "trust", "--list", "--json"])).json<{ dir: string }>();
      expect(listed).toMatchObject({ dir: cli.workspace, digest: await digestOf(cli) });
      const folder = join(cli.stateRoot, "trust");
      const [file = ""] = readdirSync(folder);
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      // Cut off at every tenth byte: none of it is trust.
      const whole = readFileSync(join(folder, file));
      for (let bytes = 0; bytes < whole.length - 2; bytes += Math.ceil(whole.length / 10)) {
        writeFileSync(join(folder, file), whole.subarray(0, bytes));
        expect((await planOf(cli, "--", "true")).policy.routes).toEqual([]);
      }
      writeFileSync(join(folder, file), whole);
      expect((await planOf(cli, "--", "true")).policy.routes).toHaveLength(1);
      expect(await cli.run(["policy", "trust", "--remove"])).toMatchObject({ exitCode: 0 });
      expect(await cli.run(["policy", "trust", "--remove"])).toMatchObject({ exitCode: 3 });
      expect((await planOf(cli, "--", "true")).policy.routes).toEqual([]);
    });

    it("a script trusts what a person looked at and nothing else", async () => {
      await using cli = engine.createCli();
      bring(cli, asking("good.example"));
      const digest = await digestOf(cli);
      expect(await cli.run(["policy", "trust", "--yes"])).toMatchObject({ exitCode: 2 });
      bring(cli, asking("evil.example"));
      expect(await cli.run(["policy", "trust", "--yes", "--digest", digest])).toMatchObject({ exitCode: 7 });
      expect((await planOf(cli, "--", "true")).policy.routes).toEqual([]);
    });

    it("holds the bytes of every file that is named, follows no link to another, and is not another folder's", async () => {
      await using cli = engine.createCli();
      bring(cli, "routes: [{ host: good.example, extraCaFile: ca.pem }]\n");
      bring(cli, "one\n", "ca.pem");
      expect(await trust(cli)).toMatchObject({ exitCode: 0 });
      expect((await planOf(cli, "--", "true")).policy.routes).toMatchObject([{ extraCa: "one\n" }]);
      bring(cli, "two\n", "ca.pem");
      expect((await planOf(cli, "--", "true")).policy.routes).toEqual([]);
      rmSync(join(cli.workspace, "ca.pem"));
      symlinkSync("/etc/passwd", join(cli.workspace, "ca.pem"));
      expect(await cli.run(["policy", "trust"])).toMatchObject({
        exitCode: 5,
        stderr: expect.stringContaining("ca.pem is not a file of the workspace"),
      });
      const other = join(cli.workspace, "other");
      mkdirSync(other);
      writeFileSync(join(other, "caisson.yaml"), asking("good.example"));
      expect((await planOf(cli, "--workspace", "copy", "--dir", other, "--", "true")).policy.routes).toEqual([]);
    });

    if (engine.name === "docker")
      it("an image is built from its Dockerfile as it was trusted, and not when a file beside it changed", async () => {
        await using cli = engine.createCli();
        mkdirSync(join(cli.workspace, "img"));
        bring(cli, "dockerfile: img/Dockerfile\n");
        bring(cli, "FROM caisson-base\nCOPY note /note\n", "img/Dockerfile");
        bring(cli, "trusted\n", "img/note");
        expect((await cli.run(["run", "--", "sh", "-c", "cat /note"])).stdout).toBe("");
        expect(await trust(cli)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('file "img/note"') });
        expect(await cli.run(["run", "--", "cat", "/note"])).toMatchObject({ exitCode: 0, stdout: "trusted\n" });
        bring(cli, "evil\n", "img/note");
        expect((await cli.run(["run", "--", "sh", "-c", "cat /note"])).stdout).toBe("");
      });
  });
}
