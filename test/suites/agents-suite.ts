import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/spec/events.ts";
import { createAgentWorld, mendingTurns, realKeys } from "../kit/agent-world.ts";
import type { ModelEndpointOptions } from "../kit/model-endpoint.ts";
import type { TestEngine } from "../kit/test-engine.ts";

type Key = keyof typeof realKeys;
interface AgentCase {
  readonly name: string;
  readonly agent: string;
  readonly model?: string;
  readonly key: Key;
  readonly header: "x-api-key" | "authorization";
  /** Its tools for a look, a file, a change, another look. */
  readonly tools?: readonly string[];
  /** It keeps its credential from its tools by itself: `env` does not print the placeholder. */
  readonly keepsKey?: boolean;
  /** Requests to a model besides the turns: a title for the session. */
  readonly asideCalls?: number;
  /** What it says to its model differs each time, in more than a recording can leave out. */
  readonly isUnlikeItself?: boolean;
}
const agents: readonly AgentCase[] = [
  { name: "Claude Code with a key", agent: "claude-code", key: "ANTHROPIC_API_KEY", header: "x-api-key" },
  {
    name: "Claude Code with a token",
    agent: "claude-code",
    key: "CLAUDE_CODE_OAUTH_TOKEN",
    header: "authorization",
    keepsKey: true,
  },
  {
    name: "pi with Anthropic's models",
    agent: "pi",
    model: "anthropic/claude-sonnet-4-5",
    key: "ANTHROPIC_API_KEY",
    header: "x-api-key",
  },
  {
    name: "pi with OpenAI's models",
    agent: "pi",
    model: "openai/gpt-5.1",
    key: "OPENAI_API_KEY",
    header: "authorization",
  },
  {
    name: "Codex, by scripts",
    agent: "codex",
    key: "OPENAI_API_KEY",
    header: "authorization",
    tools: ["shell", "shell", "apply_patch", "shell"],
    isUnlikeItself: true,
  },
  {
    name: "Codex, by commands",
    agent: "codex",
    model: "gpt-5.1",
    key: "CODEX_API_KEY",
    header: "authorization",
    tools: ["shell", "shell", "apply_patch", "shell"],
  },
  {
    name: "Copilot with a GitHub token",
    agent: "copilot",
    model: "gpt-5.4",
    key: "COPILOT_GITHUB_TOKEN",
    header: "authorization",
    tools: ["bash", "view", "apply_patch", "bash"],
    keepsKey: true,
    isUnlikeItself: true,
  },
  {
    name: "Copilot with a key of one's own",
    agent: "copilot",
    model: "gpt-4.1",
    key: "COPILOT_PROVIDER_API_KEY",
    header: "authorization",
    tools: ["bash", "view", "edit", "bash"],
    keepsKey: true,
    isUnlikeItself: true,
  },
  {
    name: "opencode with Anthropic's models",
    agent: "opencode",
    key: "ANTHROPIC_API_KEY",
    header: "x-api-key",
    asideCalls: 1,
  },
  {
    name: "opencode with OpenAI's models",
    agent: "opencode",
    model: "openai/gpt-5.4",
    key: "OPENAI_API_KEY",
    header: "authorization",
    tools: ["bash", "read", "apply_patch", "bash"],
    asideCalls: 1,
    isUnlikeItself: true,
  },
];
const named = <N extends RunEvent["event"]>(events: readonly RunEvent[], name: N) =>
  events.filter((event): event is Extract<RunEvent, { event: N }> => event.event === name);

/** Real agent CLIs at work, on any engine. */
export function describeAgents(engine: TestEngine): void {
  const newWorld = (options: ModelEndpointOptions) => createAgentWorld(options, engine);
  describe.each(agents)(`$name, ${engine.name}`, (row) => {
    const { agent, key, header, tools = ["bash", "read", "edit", "bash"], keepsKey = false, asideCalls = 0 } = row;
    const args = row.model === undefined ? [] : ["--model", row.model];

    it("does a tool-using task with a placeholder, while the real key arrives upstream and nowhere else", async () => {
      await using world = await newWorld({ turns: mendingTurns });
      const { cli, endpoint, manifest, workspace } = world;
      const command = ["run", "--label", "task", "--manifest", manifest, ...args, agent, "mend sum.js\n\u2028 please"];
      const result = await cli.run(command, { env: { [key]: realKeys[key] } });
      expect(result).toMatchObject({ exitCode: 0 });
      expect(world.sumOf(workspace)).toBe("export const sum = (a, b) => a + b;\n");

      const posts = endpoint.received.filter(({ method }) => method === "POST");
      expect(posts).toHaveLength(mendingTurns.length + asideCalls);
      for (const { headers } of endpoint.received)
        expect(headers[header]).toMatch(new RegExp(`^(Bearer )?${realKeys[key]}$`));
      expect(posts.at(-1)?.text).toContain(JSON.stringify("mend sum.js\n\u2028 please").slice(1, -1));
      // The agent printed its environment to its model: the placeholder in it was taken out on the way.
      expect(JSON.stringify(endpoint.received)).not.toContain("caisson-placeholder");
      const left = `${world.stateText()}${result.stdout}${result.stderr}`;
      expect(left).not.toContain(realKeys[key]);

      const events = await world.events("task");
      expect(named(events, "tool_started").map(({ tool }) => tool.toLowerCase())).toEqual(tools);
      expect(named(events, "tool_completed").map(({ ok }) => ok)).toEqual([true, true, true, true]);
      expect(named(events, "tool_completed").at(-1)?.output).toContain("a + b;\n1000");
      expect(named(events, "text_produced").map(({ text }) => text)).toEqual([
        "I will look.",
        "Mending.",
        "Mended: a + b.",
      ]);
      expect(named(events, "result_reported")).toMatchObject([{ ok: true, text: "Mended: a + b." }]);
      expect(named(events, "usage_reported")).toHaveLength(posts.length);
      expect(named(events, "usage_reported")[0]?.usage.inputTokens).toBeGreaterThan(0);
      const isPrinted = named(events, "tool_completed")[0]?.output.includes("-caisson-placeholder");
      expect(isPrinted).toBe(!keepsKey);
      const sightings = new Set(named(events, "placeholder_sighted").map(({ action }) => action));
      expect([...sightings]).toEqual(isPrinted ? ["redacted"] : []);
      expect(named(events, "request_refused")).toEqual([]);
    });

    const isReplayed = row.isUnlikeItself ? undefined : it;
    isReplayed?.(
      "is recorded, and replayed elsewhere with no key and no model; another prompt is a clear miss",
      async () => {
        await using world = await newWorld({ turns: mendingTurns });
        const { cli, endpoint, manifest } = world;
        const file = `${cli.home}/task.replay.jsonl`;
        const recorded = await cli.run(
          ["run", "--manifest", manifest, "--record", file, ...args, agent, "mend sum.js"],
          {
            env: { [key]: realKeys[key] },
          },
        );
        expect(recorded).toMatchObject({ exitCode: 0 });
        const asked = endpoint.received.length;

        const elsewhere = world.newWorkspace("another folder/deep");
        const replay = ["run", "--label", "replay", "--replay", file, ...args, agent, "mend sum.js"];
        const replayed = await cli.run(replay, { cwd: elsewhere });
        expect(replayed).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("REPLAYED") });
        expect(world.sumOf(elsewhere)).toBe("export const sum = (a, b) => a + b;\n");
        const events = await world.events("replay");
        expect(named(events, "replay_missed")).toEqual([]);
        expect(named(events, "sandbox_launching")).toMatchObject([{ model_source: "replayed" }]);
        expect(named(events, "result_reported")).toMatchObject([{ ok: true, text: "Mended: a + b." }]);

        const other = world.newWorkspace("third");
        const missed = await cli.run(["run", "--label", "miss", "--replay", file, ...args, agent, "mend it all"], {
          cwd: other,
        });
        expect(missed.exitCode).toBe(1);
        expect(missed.stderr).toContain("holds this conversation (another prompt, or a tool answered otherwise)");
        // Some ask again before they give up.
        expect(named(await world.events("miss"), "replay_missed").length).toBeGreaterThan(0);
        expect(endpoint.received).toHaveLength(asked);
      },
    );
  });

  describe(`a recording, ${engine.name}`, () => {
    it("keeps what a busy model said, and the retry", async () => {
      await using world = await newWorld({ turns: mendingTurns.slice(-1), refuseFirst: 1 });
      const { cli, manifest } = world;
      const file = `${cli.home}/busy.replay.jsonl`;
      const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
      const run = await cli.run(["run", "--manifest", manifest, "--record", file, "claude-code", "say it"], { env });
      expect(run).toMatchObject({ exitCode: 0 });
      expect(world.endpoint.received.filter(({ method }) => method === "POST")).toHaveLength(2);
      const replayed = await cli.run(["run", "--replay", file, "claude-code", "say it"]);
      expect(replayed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Mended: a + b.") });
    });

    it("is never written over, and one that is broken is named before anything starts", async () => {
      await using world = await newWorld({ turns: mendingTurns });
      const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
      const over = await world.cli.run(["run", "--record", world.manifest, "claude-code", "x"], { env });
      expect(over).toMatchObject({ exitCode: 7, stderr: expect.stringContaining("is there already") });
      const broken = await world.cli.run(["run", "--replay", world.manifest, "claude-code", "x"]);
      expect(broken).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("line 1: this is not JSON") });
    });
  });

  describe(`signing in, ${engine.name}`, () => {
    it("says what it looked for when there is no credential, and refuses two", async () => {
      await using world = await newWorld({ turns: mendingTurns });
      const none = await world.cli.run(["run", "claude-code", "hi"]);
      expect(none).toMatchObject({ exitCode: 4 });
      expect(none.stderr).toBe(
        "Cannot start claude-code: no credential found (looked for ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, manifest, kept credentials)\n" +
          "hint: caisson login claude-code, or: export ANTHROPIC_API_KEY=…    or try it with no key: npm run demo\n",
      );
      const { OPENAI_API_KEY: _, ...both } = realKeys;
      const two = await world.cli.run(["run", "claude-code", "hi"], { env: both });
      expect(two).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/are both set, .*only one of them, unseen/),
      });
      expect(two.stderr).not.toContain("REAL");
    });

    it("takes a key from where the manifest says", async () => {
      await using world = await newWorld({ turns: mendingTurns.slice(-1) });
      const key = join(world.cli.home, "key.txt");
      writeFileSync(key, `${realKeys.ANTHROPIC_API_KEY}\n`);
      appendFileSync(world.manifest, `credentials:\n  anthropic-api-key:\n    file: ${key}\n`);
      const run = await world.cli.run(["run", "--manifest", world.manifest, "claude-code", "hi"]);
      expect(run).toMatchObject({ exitCode: 0, stdout: "Mended: a + b.\n" });
      const keys = world.endpoint.received.map(({ headers }) => headers["x-api-key"]);
      expect(new Set(keys)).toEqual(new Set([realKeys.ANTHROPIC_API_KEY]));
      expect(world.stateText()).not.toContain(realKeys.ANTHROPIC_API_KEY);
    });
  });
}
