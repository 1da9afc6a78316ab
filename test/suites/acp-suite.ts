import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type McpServer, methods, type RequestPermissionResponse } from "@agentclientprotocol/sdk";
import { describe, expect, it } from "vitest";
import { createAgentWorld, mendingTurns, realKeys } from "../kit/agent-world.ts";
import { startEditor, type TestEditor } from "../kit/editor.ts";
import type { ScriptedTurn } from "../kit/model-endpoint-script.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const { session } = methods.agent;
const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
const text = (words: string) => [{ type: "text" as const, text: words }];
const longTurns: readonly ScriptedTurn[] = [
  { text: "Waiting.", tools: [{ use: "shell", command: "echo begun > begun.txt; sleep 600" }] },
  { text: "And on." },
  { text: "And on." },
];
const open = async (editor: TestEditor, cwd: string) =>
  (await editor.agent.request(session.new, { cwd, mcpServers: [] })).sessionId;
const say = (editor: TestEditor, sessionId: string, words: string) =>
  editor.agent.request(session.prompt, { sessionId, prompt: text(words) });
const openOf = (stateRoot: string) => (existsSync(join(stateRoot, "open")) ? readdirSync(join(stateRoot, "open")) : []);
/** What a request was refused with. */
const refusal = async (request: Promise<unknown>) => {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error as { code: number; message: string; data: { hint?: string } } | undefined;
};

/** An editor, made of the official client library, and the agents that `caisson acp` gives it. */
export function describeAcp(engine: TestEngine): void {
  const newWorld = (turns: readonly ScriptedTurn[]) => createAgentWorld({ turns }, engine);
  const edit = (world: Awaited<ReturnType<typeof newWorld>>, ...args: readonly string[]) => {
    const permits: RequestPermissionResponse["outcome"][] = [];
    const permit = () => permits.shift() ?? { outcome: "cancelled" as const };
    const editor = startEditor(world.cli, ["--manifest", world.manifest, ...args], { env, permit, notices: true });
    return { editor, permits };
  };

  describe(`caisson acp, ${engine.name}`, () => {
    it.each([
      { agent: "claude-code", tools: ["execute", "read", "edit", "execute"] },
      { agent: "opencode", tools: ["execute", "read", "edit", "execute"] },
    ])("gives an editor $agent: a whole tool-using turn; the real key only arrives upstream", async (row) => {
      await using world = await newWorld(mendingTurns);
      await using editor = await edit(world, row.agent).editor;
      const server: McpServer = { name: "files", command: "/bin/files", args: [], env: [] };
      const { sessionId } = await editor.agent.request(session.new, { cwd: world.workspace, mcpServers: [server] });
      expect(await say(editor, sessionId, "mend sum.js")).toEqual({ stopReason: "end_turn" });

      expect(world.sumOf(world.workspace)).toBe("export const sum = (a, b) => a + b;\n");
      expect(editor.said(sessionId).replace("Mending.", " Mending. ")).toBe("I will look. Mending. Mended: a + b.");
      const updates = editor.heard.map(({ update }) => update);
      const calls = updates.flatMap((one) => (one.sessionUpdate === "tool_call" ? [one] : []));
      expect(calls.map(({ kind }) => kind)).toEqual(row.tools);
      expect(calls[2]).toMatchObject({
        locations: [{ path: `${world.workspace}/sum.js` }],
        content: [{ type: "diff", oldText: "a - b", newText: "a + b" }],
      });
      const ends = updates.flatMap((one) => (one.sessionUpdate === "tool_call_update" ? [one] : []));
      expect(ends.map(({ toolCallId, status }) => [toolCallId, status])).toEqual(
        calls.map(({ toolCallId }) => [toolCallId, "completed"]),
      );
      const notices = updates.flatMap((one) => (one.sessionUpdate === "notice" ? [one.title] : []));
      expect(notices[0]).toBe("the editor's MCP servers are not passed in (files): they live outside of the sandbox");
      expect(notices).toContain("the placeholder of anthropic-api-key was taken out of what goes to api.anthropic.com");

      expect(await editor.quit()).toBe(0);
      for (const { headers } of world.endpoint.received) expect(headers["x-api-key"]).toBe(realKeys.ANTHROPIC_API_KEY);
      expect(JSON.stringify(world.endpoint.received)).not.toContain("caisson-placeholder");
      const everything = `${world.stateText()}${JSON.stringify(editor.heard)}${editor.stderr()}`;
      expect(everything).not.toContain(realKeys.ANTHROPIC_API_KEY);
      expect(openOf(world.cli.stateRoot)).toEqual([]);
      expect(await engine.heldFor(world.cli)).toEqual([]);
    });

    it("asks in the editor where it is to ask: what is allowed happens, what is denied does not", async () => {
      await using world = await newWorld([
        { tools: [{ use: "shell", command: "echo yes > yes.txt" }] },
        { tools: [{ use: "shell", command: "echo no > no.txt" }] },
        { text: "Asked." },
        { text: "Asked again." },
      ]);
      const { editor: starting, permits } = edit(world, "--ask", "claude-code");
      await using editor = await starting;
      const sessionId = await open(editor, world.workspace);
      const choose = (kind: string) => ({
        get outcome() {
          return "selected" as const;
        },
        get optionId() {
          return editor.asked.at(-1)?.options.find((option) => option.kind === kind)?.optionId ?? "";
        },
      });
      permits.push(choose("allow_once"), choose("reject_once"));
      expect(await say(editor, sessionId, "write")).toEqual({ stopReason: "end_turn" });
      expect(existsSync(join(world.workspace, "yes.txt"))).toBe(true);
      expect(existsSync(join(world.workspace, "no.txt"))).toBe(false);
      expect(editor.asked.map(({ toolCall }) => toolCall)).toMatchObject([
        { kind: "execute", rawInput: { command: "echo yes > yes.txt" } },
        { kind: "execute", rawInput: { command: "echo no > no.txt" } },
      ]);
      const known = editor.heard.flatMap(({ update }) =>
        update.sessionUpdate === "tool_call" ? [update.toolCallId] : [],
      );
      expect(editor.asked.map(({ toolCall }) => toolCall.toolCallId)).toEqual(known);
    });

    it("holds two sessions at once, ends a turn that is cancelled, and closes what is closed", async () => {
      await using world = await newWorld(longTurns);
      const elsewhere = world.newWorkspace("elsewhere");
      await using editor = await edit(world, "claude-code").editor;
      const [first, second] = await Promise.all([open(editor, world.workspace), open(editor, elsewhere)]);
      const turns = [say(editor, first, "wait"), say(editor, second, "wait, too")];
      for (const folder of [world.workspace, elsewhere])
        await expect.poll(() => existsSync(join(folder, "begun.txt")), { timeout: 60_000 }).toBe(true);
      await editor.agent.notify(session.cancel, { sessionId: second });
      expect(await turns[1]).toEqual({ stopReason: "cancelled" });
      expect(await say(editor, second, "go on")).toEqual({ stopReason: "end_turn" });
      expect(editor.said(second)).toMatch(/Waiting\..*And on\./s);
      expect(editor.said(first)).toBe("Waiting.");

      await editor.agent.request(session.close, { sessionId: first });
      expect(await refusal(turns[0] ?? Promise.resolve())).toMatchObject({ message: "the sandbox has ended" });
      expect(await refusal(say(editor, first, "still there?"))).toMatchObject({ code: -32_002 });
      expect(openOf(world.cli.stateRoot)).toEqual([second]);
      expect(await editor.quit()).toBe(0);
      expect(openOf(world.cli.stateRoot)).toEqual([]);
    });

    it("leaves nothing when it is killed in the middle of a turn", async () => {
      await using world = await newWorld(longTurns);
      await using editor = await edit(world, "claude-code").editor;
      const sessionId = await open(editor, world.workspace);
      const turn = refusal(say(editor, sessionId, "wait"));
      await expect.poll(() => existsSync(join(world.workspace, "begun.txt")), { timeout: 60_000 }).toBe(true);
      await editor.kill();
      await turn;
      await expect.poll(() => openOf(world.cli.stateRoot), { timeout: 60_000 }).toEqual([]);
      expect(await world.cli.run(["cleanup"])).toMatchObject({ exitCode: 0, stdout: "" });
      expect(await engine.heldFor(world.cli)).toEqual([]);
      expect((await world.cli.run(["ls", "--all"])).stdout).toMatch(/stopped/);
    });

    it("lists what was said before, tells it again, and goes on with it; of no other agent and folder", async () => {
      await using world = await newWorld([{ text: "First answer." }, { text: "Second answer." }]);
      const { sessionId } = await (async () => {
        await using editor = await edit(world, "claude-code").editor;
        const opened = await open(editor, world.workspace);
        await say(editor, opened, "FIRST-WORDS of the person");
        await editor.quit();
        return { sessionId: opened };
      })();
      await using editor = await edit(world, "claude-code").editor;
      const listed = await editor.agent.request(session.list, { cwd: world.workspace });
      expect(listed.sessions).toMatchObject([{ sessionId, cwd: world.workspace, title: "FIRST-WORDS of the person" }]);
      const load = (id: string, cwd: string) =>
        editor.agent.request(session.load, { sessionId: id, cwd, mcpServers: [] });
      expect(await refusal(load(sessionId, world.cli.home))).toMatchObject({ code: -32_002 });
      expect(await refusal(load("../x", world.workspace))).toMatchObject({ code: -32_002 });
      await load(sessionId, world.workspace);
      const told = editor.heard.map(({ update }) => update);
      expect(told).toMatchObject([
        { sessionUpdate: "user_message_chunk", content: { text: "FIRST-WORDS of the person" } },
        { sessionUpdate: "agent_message_chunk", content: { text: "First answer." } },
      ]);
      expect(await say(editor, sessionId, "SECOND-WORDS")).toEqual({ stopReason: "end_turn" });
      expect(editor.said(sessionId)).toBe("First answer.Second answer.");
      const last = world.endpoint.received.findLast(({ method }) => method === "POST")?.text ?? "";
      expect(last).toMatch(/FIRST-WORDS.*SECOND-WORDS/s);
      expect(await editor.quit()).toBe(0);
      expect(openOf(world.cli.stateRoot)).toEqual([]);
    });

    it("shows what the gate refused, with what would allow it", async () => {
      await using world = await newWorld([
        { tools: [{ use: "shell", command: "curl -s https://elsewhere.example/paste || true" }] },
        { text: "Tried." },
      ]);
      await using editor = await edit(world, "claude-code").editor;
      const sessionId = await open(editor, world.workspace);
      await say(editor, sessionId, "try it");
      const notices = editor.heard.flatMap(({ update }) => (update.sessionUpdate === "notice" ? [update] : []));
      expect(notices).toContainEqual(
        expect.objectContaining({
          severity: "warning",
          title: expect.stringMatching(/^refused GET elsewhere\.example\/paste: /),
          description: expect.stringContaining(`caisson policy allow ${sessionId}`),
        }),
      );
    });

    it("says what is wrong as an error of the protocol, with what to do", async () => {
      await using world = await newWorld(mendingTurns);
      const args = ["--manifest", world.manifest, "claude-code"];
      await using editor = await startEditor(world.cli, args);
      const request = (cwd: string) => refusal(editor.agent.request(session.new, { cwd, mcpServers: [] }));
      expect(await request(world.workspace)).toMatchObject({
        code: -32_000,
        message: expect.stringContaining("no credential found"),
        data: { hint: expect.stringContaining("caisson login claude-code") },
      });
      expect(await request("/nowhere")).toMatchObject({ code: -32_602, message: expect.stringContaining("no folder") });
      expect(await refusal(say(editor, "none", "hi"))).toMatchObject({ code: -32_002 });
      expect(openOf(world.cli.stateRoot)).toEqual([]);
      const json = await world.cli.run(["acp", "--json", "claude-code"]);
      expect(json).toMatchObject({ exitCode: 2, stdout: expect.stringContaining("leave --json out") });
    });
  });
}
