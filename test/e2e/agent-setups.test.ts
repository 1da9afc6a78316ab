import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { spawn as spawnPty } from "@lydell/node-pty";
import { describe, expect, it } from "vitest";
import { createAgentWorld, realKeys } from "../kit/agent-world.ts";

const programs = resolve(import.meta.dirname, "../../node_modules");
const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
const systemPath = "/usr/local/bin:/usr/bin:/bin";
const said = [{ text: "Hello from the script." }];

/** The same file elsewhere: a hard link where it can be, for these are large. */
function place(file: string, target: string): string {
  mkdirSync(dirname(target), { recursive: true });
  try {
    linkSync(realpathSync(file), target);
  } catch {
    cpSync(realpathSync(file), target);
  }
  chmodSync(target, 0o755);
  return target;
}

describe("an agent's CLI", () => {
  it("works from ~/.local/bin, where the native installer puts it", async () => {
    await using world = await createAgentWorld({ turns: said });
    const { home } = world.cli;
    const file = place(join(programs, ".bin/claude"), join(home, ".local/share/claude/versions/2.1.329"));
    mkdirSync(join(home, ".local/bin"));
    symlinkSync(file, join(home, ".local/bin/claude"));
    const result = await world.cli.run(["run", "--manifest", world.manifest, "claude-code", "hi"], {
      env: { ...env, PATH: systemPath },
    });
    expect(result).toMatchObject({ exitCode: 0, stdout: "Hello from the script.\n" });
    const inspected = await world.cli.run(["ls", "--all", "--json"]);
    expect(inspected.stdout).toContain('"end":"completed"');
    expect(world.stateText()).toContain(file);
  });

  it("works under nvm, with nvm's Node", async () => {
    await using world = await createAgentWorld({
      turns: [{ tools: [{ use: "shell", command: "command -v node" }] }, ...said],
    });
    const { home } = world.cli;
    const root = join(home, ".nvm/versions/node/v26.10.0");
    place(process.execPath, join(root, "bin/node"));
    cpSync(join(programs, "@earendil-works"), join(root, "lib/node_modules/@earendil-works"), { recursive: true });
    symlinkSync("../lib/node_modules/@earendil-works/pi-coding-agent/dist/bundle/cli.js", join(root, "bin/pi"));
    const args = [
      "run",
      "--label",
      "nvm",
      "--manifest",
      world.manifest,
      "--model",
      "anthropic/claude-sonnet-4-5",
      "pi",
      "hi",
    ];
    const result = await world.cli.run(args, { env: { ...env, PATH: systemPath } });
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Hello from the script.") });
    const output = (await world.events("nvm")).find((event) => event.event === "tool_completed");
    expect(output).toMatchObject({ ok: true, output: `${root}/bin/node\n` });
  });
});

describe("a manifest's agent", () => {
  const commit = "git add -A && git commit -qm mended";
  it.each([
    ["claude-code", "claude-haiku-4-5", "ANTHROPIC_API_KEY", "CLAUDE.md"],
    ["pi", "anthropic/claude-haiku-4-5", "ANTHROPIC_API_KEY", "AGENTS.md"],
    ["codex", "gpt-5.1", "OPENAI_API_KEY", "AGENTS.md"],
    ["copilot", "gpt-5.4", "COPILOT_GITHUB_TOKEN", "AGENTS.md"],
    ["opencode", "anthropic/claude-haiku-4-5", "ANTHROPIC_API_KEY", "AGENTS.md"],
  ] as const)(
    "%s gets instructions, model, skills and the project's own words, and commits as the person",
    async (provider, model, key, words) => {
      await using world = await createAgentWorld({ turns: [{ tools: [{ use: "shell", command: commit }] }, ...said] });
      const { home } = world.cli;
      const skill = join(home, "skills/till-review");
      mkdirSync(skill, { recursive: true });
      writeFileSync(
        join(skill, "SKILL.md"),
        "---\nname: till-review\ndescription: How tills are reviewed here.\n---\nCount twice.\n",
      );
      const agent = `agents:\n  reviewer:\n    provider: ${provider}\n    model: ${model}\n    instructions: Be very brief.\n    skills: [skills/till-review]\n`;
      appendFileSync(world.manifest, agent);
      writeFileSync(join(home, ".gitconfig"), '[user]\n\tname = "A \\"B\\" C"\n\temail = abc@person.example\n');
      writeFileSync(join(world.workspace, words), "Tills are counted at noon.\n");
      execFileSync("git", ["init", "-q", world.workspace]);
      const result = await world.cli.run(["run", "--manifest", world.manifest, "reviewer", "review it"], {
        env: { [key]: realKeys[key] },
      });
      expect(result).toMatchObject({ exitCode: 0, stdout: "Hello from the script.\n" });
      const turn = world.endpoint.received.find(({ text }) => text.includes('"tools":[{'))?.text ?? "{}";
      expect(JSON.parse(turn).model).toContain(model.split("/").at(-1));
      for (const told of [
        "Be very brief.\\n\\nreview it",
        "How tills are reviewed here.",
        "Tills are counted at noon.",
      ])
        expect(turn).toContain(told);
      const log = ["-C", world.workspace, "log", "-1", "--format=%an <%ae> %s"];
      expect(execFileSync("git", log, { encoding: "utf8" })).toContain('A "B" C <abc@person.example> mended');
    },
  );
});

describe("an agent in a terminal", () => {
  it.each([
    ["claude-code", [], "ANTHROPIC_API_KEY", "bypass permissions on"],
    ["pi", ["--model", "anthropic/claude-sonnet-4-5"], "ANTHROPIC_API_KEY", "\u03c0 - w"],
    ["codex", [], "OPENAI_API_KEY", "YOLO mode"],
    ["opencode", [], "ANTHROPIC_API_KEY", "ctrl+p commands"],
  ] as const)("%s asks nothing first and does its work", async (agent, args, key, ready) => {
    await using world = await createAgentWorld({ turns: said });
    const terminal = spawnPty(
      resolve(programs, "../bin/caisson"),
      ["run", "--manifest", world.manifest, ...args, agent],
      {
        cols: 120,
        rows: 40,
        cwd: world.workspace,
        env: { ...world.cli.environment, [key]: realKeys[key], TERM: "xterm-256color" },
      },
    );
    const screen = watchScreen(terminal);
    await screen.shows(ready);
    terminal.write("say hello");
    await screen.shows("sayhello");
    terminal.write("\r");
    await screen.shows("Hello from the script.");
    terminal.kill();
    const posts = world.endpoint.received.filter(({ method }) => method === "POST");
    expect(posts.some(({ text }) => text.includes('"tools":[{'))).toBe(true);
  });
});

/** Waits for texts on a terminal, or in its title (pi sets that when it takes input); spaces and moving dots do not count: programs move the cursor instead. */
function watchScreen(terminal: ReturnType<typeof spawnPty>) {
  let raw = "";
  let wake = () => {};
  terminal.onData((data) => {
    raw += data;
    wake();
  });
  const text = () =>
    raw
      .replace(/\x1b\]0;([^\x07]*)\x07/g, "$1")
      .replace(/\x1b\][^\x07]*\x07|\x1b\[[0-9;?<>=]*[ -/]*[@-~]|[\s\u25c9\u25cb\u25ce\u25cf]/g, "");
  return {
    async shows(wanted: string) {
      while (!text().includes(wanted.replaceAll(" ", ""))) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
