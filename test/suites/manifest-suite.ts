import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createAgentWorld, realKeys } from "../kit/agent-world.ts";
import { launcher, type TestCli } from "../kit/cli.ts";
import { showOnTerminal } from "../kit/shown-on-terminal.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const project = resolve(import.meta.dirname, "../..");
const slugsOf = (stateRoot: string) => readdirSync(join(stateRoot, "sandboxes"));

function writeIn(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** What a terminal showed of one call, typed to when it showed something. */
function onTerminal(cli: TestCli, args: readonly string[], answers: Readonly<Record<string, string>> = {}) {
  const left = new Map(Object.entries(answers));
  const place = { cwd: cli.workspace, env: { ...cli.environment, TERM: "xterm-256color" } };
  return showOnTerminal([launcher, ...args], place, (screen, type) => {
    for (const [question, answer] of left) {
      if (!screen.includes(question)) continue;
      left.delete(question);
      type(`${answer}\r`);
    }
  });
}

/** Manifests, on any engine. */
export function describeManifest(engine: TestEngine): void {
  const sh = (script: string) => `{ provider: command, command: [sh, -c, ${JSON.stringify(script)}]`;

  describe(`a manifest's mistakes, ${engine.name}`, () => {
    it("must-have 17: an unknown key, a cycle, a missing parent and a bad name are told with file and line; the other agents start", async () => {
      await using cli = engine.createCli();
      writeIn(cli.configDir, {
        "caisson.yaml": `agents:
  good: ${sh("echo started")} }
  typo: { provider: command, comand: [true] }
  Bad_Name: { provider: command }
  turning: ${sh("true")}, sandbox: round }
  lost: ${sh("true")}, sandbox: [heir] }
sandboxes:
  base: {}
  round: { extends: about }
  about: { extends: [base, round] }
  heir: { extends: bsae }
`,
        "agents/broken.md": "---\nprovider: command\nskill: [x]\n---\nWork.\n",
        "sandboxes/odd.yaml": "limits:\n  cpu: 1\n",
      });
      const good = await cli.run(["run", "good"]);
      expect(good).toMatchObject({ exitCode: 0, stdout: "started\n" });
      const file = join(cli.configDir, "caisson.yaml");
      const refusals = {
        typo: `${file}:3:30: unknown key "comand" (did you mean "command"?)`,
        Bad_Name: `${file}:4:3: bad name "Bad_Name": use kebab-case`,
        turning: `${file}:10, sandbox about extends it): it extends itself: round > about > round`,
        lost: `Cannot use sandbox "bsae" (${file}:11, sandbox heir extends it): there is none of this name (did you mean "base"?)`,
        broken: `${join(cli.configDir, "agents/broken.md")}:3:1: unknown key "skill" (did you mean "skills"?)`,
      };
      for (const [agent, problem] of Object.entries(refusals)) {
        const { exitCode, stderr } = await cli.run(["run", agent]);
        expect({ agent, stderr }).toEqual({ agent, stderr: expect.stringContaining(problem) });
        expect(stderr).toMatch(/\nhint: \S/);
        expect([2, 3]).toContain(exitCode);
      }
      expect((await cli.run(["run", "good", "--sandbox", "odd"])).stderr).toContain('odd.yaml:2:3: unknown key "cpu"');
      // Nothing was begun for any of them.
      expect(slugsOf(cli.stateRoot)).toHaveLength(1);

      const check = await cli.run(["policy", "check", "--json"]);
      expect(check.exitCode).toBe(2);
      const { problems } = check.json<{ problems: { file: string; line: number; hint: string }[] }>();
      expect(problems.map(({ file: at, line }) => `${at.split("/").at(-1)}:${line}`)).toEqual([
        "broken.md:3",
        "caisson.yaml:3",
        "caisson.yaml:4",
        "caisson.yaml:9",
        "caisson.yaml:10",
        "caisson.yaml:11",
        "odd.yaml:2",
      ]);
      expect(problems.every(({ hint }) => hint !== "")).toBe(true);
      const listed = (await cli.run(["agents", "ls", "--json"])).jsonLines<{ name: string; lacks: object[] }>();
      const lacking = listed.filter(({ lacks }) => lacks.length > 0).map(({ name }) => name);
      expect(lacking).toEqual(expect.arrayContaining(["typo", "Bad_Name", "turning", "lost", "broken"]));
      expect(lacking).not.toContain("good");
    });
  });

  describe(`sandboxes of a manifest, ${engine.name}`, () => {
    it("must-have 19: several parents come to the documented result inside; explain names each value's place", async () => {
      await using cli = engine.createCli();
      writeIn(cli.configDir, {
        "caisson.yaml": `environment: { TOP: top, A: top }
sandboxes:
  base: { environment: { A: base, B: base }, limits: { processes: 200, memory: 1g } }
  left: { extends: base, environment: { B: left, C: left }, git: { user: { name: Left } } }
  right: { extends: base, environment: { C: right }, git: { user: { email: right@acme.example } } }
  none: { environment: {}, limits: {} }
`,
        "sandboxes/web.yaml": "extends: [left, right]\nenvironment: { D: web }\n",
        "agents/shows.md":
          "---\nprovider: command\ncommand: [sh, -c, 'echo $TOP $A $B $C $D; git config --global user.name; git config --global user.email']\nsandbox: web\n---\n",
      });
      expect((await cli.run(["run", "shows"])).stdout).toBe("top base left right web\nLeft\nright@acme.example\n");
      const cleared = await cli.run(["run", "shows", "--sandbox", "none"]);
      expect(cleared.stdout).toBe("\nLeft\nright@acme.example\n");
      const file = join(cli.configDir, "caisson.yaml");
      const explained = (await cli.run(["policy", "explain", "shows", "--json"])).json<{
        sources: Record<string, string>;
        policy: object;
      }>();
      expect(explained.policy).toMatchObject({ limits: { processes: 200, memoryBytes: 1024 ** 3 } });
      expect(explained.sources).toMatchObject({
        "environment.TOP": `${file}:1`,
        "environment.A": `${file}:3, sandbox base < left < web`,
        "environment.C": `${file}:5, sandbox right < web`,
        "environment.D": `${join(cli.configDir, "sandboxes/web.yaml")}:2, sandbox web`,
        "limits.memory": `${file}:3, sandbox base < left < web`,
        "git.user.email": `${file}:5, sandbox right < web`,
      });
    });

    it("a dry run names the rules, the label, the skills and where the instructions are from, and starts nothing", async () => {
      await using cli = engine.createCli();
      writeIn(cli.configDir, {
        "agents/reviewer.md":
          "---\nprovider: claude-code\nsandbox: docs\nlabel: Reviewer\ncolor: green\nskills: [../skills/tills]\n---\nReview.\n",
        "sandboxes/docs.yaml": "routes: [{ host: docs.acme.example }]\n",
        "skills/tills/SKILL.md": "---\nname: tills\ndescription: Tills.\n---\n",
      });
      const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
      const { stdout } = await cli.run(["run", "--dry-run", "reviewer", "x"], { env });
      const agentFile = join(cli.configDir, "agents/reviewer.md");
      for (const line of [
        `said       agent reviewer   (${agentFile}:`,
        `rules      sandbox docs   (${agentFile}:3, agent reviewer)`,
        "label      Reviewer",
        "color      green",
        `told       its instructions   (${agentFile}:`,
        `skill      ${join(cli.configDir, "skills/tills")}`,
        `route      docs.acme.example   (${join(cli.configDir, "sandboxes/docs.yaml")}:1, sandbox docs)`,
        "nothing was started",
      ])
        expect(stdout).toContain(line);
      const plan = (await cli.run(["run", "--dry-run", "--json", "reviewer", "x"], { env })).json();
      expect(plan).toMatchObject({
        agent: "reviewer",
        label: "Reviewer",
        color: "green",
        sandboxes: [{ name: "docs" }],
        skills: [join(cli.configDir, "skills/tills")],
      });
      expect(JSON.stringify(plan)).not.toContain(realKeys.ANTHROPIC_API_KEY);
    });
  });

  describe(`what an agent is given, ${engine.name}`, () => {
    it("must-have 20: skills, instructions, a copy of the workspace and the three kinds of variables arrive", async () => {
      const look = 'cat sum.js; echo "$LITERAL/$FROM_HOST"; echo changed > sum.js';
      await using world = await createAgentWorld(
        { turns: [{ tools: [{ use: "shell", command: look }] }, { text: "Seen." }] },
        engine,
      );
      const { cli } = world;
      writeIn(cli.configDir, {
        "agents/looker.md":
          "---\nprovider: claude-code\nsandbox: kinds\nskills: [../skills/tills]\n---\nBe very brief.\n",
        "skills/tills/SKILL.md": "---\nname: tills\ndescription: How tills are counted.\n---\nTwice.\n",
        "sandboxes/kinds.yaml":
          'environment: { LITERAL: one, FROM_HOST: { host: OF_THE_HOST }, ASKED: { ask: "Which ticket?" } }\n',
        "agents/asks.md": `---\nprovider: command\ncommand: [sh, -c, 'echo "told $ASKED"']\nsandbox: kinds\n---\n`,
      });
      const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY, OF_THE_HOST: "two" };
      const args = ["run", "--label", "look", "--manifest", world.manifest, "--workspace", "copy", "--env", "ASKED=x"];
      expect(await cli.run([...args, "looker", "look"], { env })).toMatchObject({ exitCode: 0, stdout: "Seen.\n" });
      const told = world.endpoint.received.find(({ text }) => text.includes('"tools":[{'))?.text ?? "";
      expect(told).toContain("Be very brief.");
      expect(told).toContain("How tills are counted.");
      const output = (await world.events("look")).find((event) => event.event === "tool_completed");
      expect(output).toMatchObject({ output: expect.stringContaining("a - b;\none/two") });
      // The copy was changed, the person's own folder was not.
      expect(world.sumOf(world.workspace)).toContain("a - b");

      const withHost = { ...cli, environment: { ...cli.environment, OF_THE_HOST: "two" } };
      const asked = await onTerminal(withHost, ["run", "asks"], { "Which ticket?": "T-17" });
      expect(asked).toMatchObject({ exitCode: 0, screen: expect.stringContaining("told T-17") });
    });

    it("must-have 20: a missing skill, host variable or answer fails before anything is launched, and says which", async () => {
      await using cli = engine.createCli();
      writeIn(cli.configDir, {
        "agents/unskilled.md": "---\nprovider: claude-code\nskills: [../skills/nowhere]\n---\n",
        "caisson.yaml": `agents:
  unset: ${sh("true")}, sandbox: host }
  unasked: ${sh("true")}, sandbox: ask }
sandboxes:
  host: { environment: { X: { host: NOT_THERE_AT_ALL } } }
  ask: { environment: { Y: { ask: "Which?" } } }
`,
      });
      const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
      for (const [agent, problem] of [
        ["unskilled", "skills/nowhere"],
        ["unset", `(${join(cli.configDir, "caisson.yaml")}:5, sandbox host): NOT_THERE_AT_ALL is not set here`],
        ["unasked", "give --env Y=VALUE"],
      ] as const) {
        const { exitCode, stderr } = await cli.run(["run", agent, "x"], { env });
        expect({ agent, stderr }).toEqual({ agent, stderr: expect.stringContaining(problem) });
        expect(exitCode).not.toBe(0);
      }
      expect(existsSync(cli.stateRoot)).toBe(false);
    });
  });

  describe(`a label and a colour, ${engine.name}`, () => {
    it("are kept, listed, and shown in the terminal's title while it is attached", async () => {
      await using cli = engine.createCli();
      const args = ["run", "--label", "Gopher", "--color", "purple", "--", "sh", "-c", "echo inside"];
      const { screen, exitCode } = await onTerminal(cli, args);
      expect(exitCode).toBe(0);
      const title = "\u001b[22;0t\u001b]0;🟣 Gopher · command\u0007";
      expect(screen).toContain(title);
      expect(screen.indexOf("\u001b]2;\u0007\u001b[23;0t")).toBeGreaterThan(screen.indexOf("inside"));
      expect((await cli.run(["ls", "--all", "--json"])).json()).toMatchObject({ label: "Gopher", color: "purple" });
      const listed = await onTerminal(cli, ["ls", "--all"]);
      expect(listed.screen).toContain("\u001b[35mGopher\u001b[39m");
      const plain = await cli.run(args);
      expect(`${plain.stdout}${plain.stderr}`).not.toContain("\u001b");
      expect(await cli.run(["run", "--color", "mauve", "--", "true"])).toMatchObject({ exitCode: 2 });
    });
  });
}

/** A provider of one's own in a copy of the sources: one file, and a line of the table. */
export function describeNewProvider(engine: TestEngine): void {
  it(`must-have 21: a new provider is one file and its line in the table, ${engine.name}`, async () => {
    await using cli = engine.createCli();
    const copy = join(cli.home, "sources");
    for (const part of ["src", "bin", "images", "package.json"])
      cpSync(join(project, part), join(copy, part), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
    writeFileSync(
      join(copy, "src/provider/parrot.ts"),
      `import type { Provider } from "./provider.ts";
export const parrot: Provider = {
  name: "parrot", summary: "says it again", binaries: ["sh"], install: "", versionArgs: ["--version"],
  credentials: [], signIn: "any", signInHint: "", routes: () => [],
  plan: ({ prompt = "", binary }) => ({
    argv: [binary, "-c", "cat; echo from $PARROT"], input: prompt, environment: { PARROT: "its own file" }, files: [],
  }),
  decoder: () => {
    let text = "";
    return {
      decode: (bytes) => { text += new TextDecoder().decode(bytes); return []; },
      end: () => [{ event: "text_produced", text }, { event: "result_reported", ok: true, text }],
    };
  },
};
`,
    );
    const table = join(copy, "src/provider/providers.ts");
    const text = readFileSync(table, "utf8");
    writeFileSync(
      table,
      `import { parrot } from "./parrot.ts";\n${text.replace("[claudeCode,", "[parrot, claudeCode,")}`,
    );
    writeIn(cli.configDir, { "agents/polly.md": "---\nprovider: parrot\n---\n" });
    const call = (...args: string[]) =>
      spawnSync(join(copy, "bin/caisson"), args, { cwd: cli.workspace, env: cli.environment, encoding: "utf8" });
    expect(call("run", "parrot", "pieces of eight")).toMatchObject({
      status: 0,
      stdout: "pieces of eightfrom its own file\n",
    });
    expect(call("run", "polly", "hello")).toMatchObject({ status: 0, stdout: "hellofrom its own file\n" });
    expect(call("agents", "ls").stdout).toMatch(/^ {2}parrot +ready/m);
  });
}
