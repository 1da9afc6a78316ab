import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createAgentWorld, realKeys } from "../kit/agent-world.ts";

const skill = (name: string, about: string) => `---\nname: ${name}\ndescription: ${about}\n---\nDo it.\n`;
const files = {
  "AGENTS.md": "MARK-AGENTS-MD holds here.\n",
  "CLAUDE.md": "MARK-CLAUDE-MD holds here.\n",
  ".claude/skills/tills/SKILL.md": skill("tills", "MARK-CLAUDE-SKILL"),
  ".agents/skills/doors/SKILL.md": skill("doors", "MARK-AGENTS-SKILL"),
};
const words = ["MARK-AGENTS-MD", "MARK-CLAUDE-MD"];
const claudeSkill = "MARK-CLAUDE-SKILL";
const agentsSkill = "MARK-AGENTS-SKILL";

// Which skills a CLI finds in a repository is its own affair: docs/providers.md.
type CliCase = readonly [provider: string, model: string, key: keyof typeof realKeys, skills: readonly string[]];
const clis: readonly CliCase[] = [
  ["claude-code", "claude-haiku-4-5", "ANTHROPIC_API_KEY", [claudeSkill]],
  ["pi", "anthropic/claude-haiku-4-5", "ANTHROPIC_API_KEY", [agentsSkill]],
  ["codex", "gpt-5.1", "OPENAI_API_KEY", [agentsSkill]],
  ["copilot", "gpt-5.4", "COPILOT_GITHUB_TOKEN", [claudeSkill, agentsSkill]],
  ["opencode", "anthropic/claude-haiku-4-5", "ANTHROPIC_API_KEY", [claudeSkill, agentsSkill]],
];

async function toldWith(
  [provider, model, key]: CliCase,
  given: Readonly<Record<string, string>>,
  prepare?: (workspace: string) => void,
) {
  await using world = await createAgentWorld({ turns: [{ text: "Seen." }] });
  for (const [path, text] of Object.entries(given)) {
    mkdirSync(join(world.workspace, path, ".."), { recursive: true });
    writeFileSync(join(world.workspace, path), text);
  }
  prepare?.(world.workspace);
  const git = (...args: string[]) => execFileSync("git", ["-C", world.workspace, ...args], { encoding: "utf8" });
  git("init", "-q");
  git("add", "-A");
  const args = ["run", "--manifest", world.manifest, "--model", model, provider, "look"];
  const result = await world.cli.run(args, { env: { [key]: realKeys[key] } });
  expect(result).toMatchObject({ exitCode: 0 });
  // Nothing of ours is put into the workspace, and nothing of theirs is changed.
  expect(git("status", "--porcelain").replaceAll(/^A {2}.*\n/gm, "")).toBe("");
  const told = world.endpoint.received.map(({ text }) => text).join("\n");
  return [...words, claudeSkill, agentsSkill].filter((mark) => told.includes(mark));
}

describe("what a repository says to agents already", () => {
  it.each(clis)("%s is told AGENTS.md and CLAUDE.md, and finds the skills that it looks for", async (...cli) => {
    expect(await toldWith(cli, files)).toEqual([...words, ...cli[3]]);
  });

  it.each(clis)("%s is told the one of them that is there", async (...cli) => {
    expect(await toldWith(cli, { "AGENTS.md": files["AGENTS.md"] })).toEqual(["MARK-AGENTS-MD"]);
    expect(await toldWith(cli, { "CLAUDE.md": files["CLAUDE.md"] })).toEqual(["MARK-CLAUDE-MD"]);
  });

  it("hands no file over that only seems to lie in the workspace", async () => {
    const codex: CliCase = ["codex", "gpt-5.1", "OPENAI_API_KEY", []];
    const told = await toldWith(codex, { "AGENTS.md": files["AGENTS.md"] }, (workspace) => {
      writeFileSync(join(workspace, "../outside.txt"), "MARK-CLAUDE-MD is a secret of the person's\n");
      symlinkSync("../outside.txt", join(workspace, "CLAUDE.md"));
    });
    expect(told).toEqual(["MARK-AGENTS-MD"]);
  });

  it("hands no masked file over, as a project's words or within a skill that it brings", async () => {
    await using world = await createAgentWorld({ turns: [{ text: "Seen." }] });
    const put = (path: string, text: string) => {
      mkdirSync(join(world.workspace, path, ".."), { recursive: true });
      writeFileSync(join(world.workspace, path), text);
    };
    put("CLAUDE.md", files["CLAUDE.md"]);
    put("tools/SKILL.md", skill("tools", "MARK-TOOLS-SKILL"));
    put("tools/.env", "PASSWORD=MASKED-IN-THE-SKILL\n");
    put(".env", "PASSWORD=MASKED-AT-THE-TOP\n");
    put(".caisson/agents/helper.md", "---\nprovider: claude-code\nskills: [tools]\n---\nHelp.\n");
    symlinkSync(".env", join(world.workspace, "AGENTS.md"));
    symlinkSync("../.env", join(world.workspace, "tools/more.txt"));
    const args = ["run", "--manifest", world.manifest, "--model", "claude-haiku-4-5", "helper", "look"];
    const { ANTHROPIC_API_KEY } = realKeys;
    expect(await world.cli.run(args, { env: { ANTHROPIC_API_KEY } })).toMatchObject({ exitCode: 0 });
    const all = `${world.endpoint.received.map(({ text }) => text).join("\n")}\n${world.stateText()}`;
    expect(all).toContain("MARK-TOOLS-SKILL");
    expect(all).not.toMatch(/MASKED-(IN|AT)-THE/);
  });
});
