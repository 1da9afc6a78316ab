import { describe, expect, it } from "vitest";
import {
  command,
  events,
  item,
  noted,
  openCodex,
  request,
  talkTo,
  thread,
  turnCompleted,
  turnStarted,
  written,
} from "../../test/kit/codec-talk.ts";
import { createCodexSession } from "./codex-session.ts";

describe("the codec of Codex", () => {
  it("opens a conversation: every tool is asked for, or none", () => {
    const { opened, codec } = openCodex({ model: "gpt-5.1", instructions: "Be brief." });
    expect(opened.flatMap(written)).toMatchObject([
      { id: 1, method: "initialize", params: { clientInfo: { name: "caisson" } } },
      { method: "initialized" },
      {
        id: 2,
        method: "thread/start",
        params: {
          cwd: "/w",
          approvalPolicy: "untrusted",
          sandbox: "danger-full-access",
          model: "gpt-5.1",
          developerInstructions: "Be brief.",
        },
      },
    ]);
    expect(events(...opened)).toEqual([{ event: "conversation_opened", conversation: thread, resumed: false }]);
    expect(codec.isReady).toBe(true);
    const unasked = talkTo(createCodexSession({ ...request, asks: false }));
    unasked.codec.open();
    expect(written(unasked.hear({ id: 1, result: {} }))[1]).toMatchObject({ params: { approvalPolicy: "never" } });
  });

  it("resumes a conversation, and begins anew where nothing was said in it", () => {
    const { hear, codec } = talkTo(createCodexSession({ ...request, resume: "old" }));
    codec.open();
    expect(written(hear({ id: 1, result: {} }))[1]).toMatchObject({
      method: "thread/resume",
      params: { threadId: "old", excludeTurns: true },
    });
    const refused = hear({ id: 2, error: { code: -32600, message: "no rollout found for thread id old" } });
    expect(written(refused)).toMatchObject([{ id: 3, method: "thread/start" }]);
    expect(codec.isReady).toBe(false);
    expect(events(refused, hear({ id: 3, result: { thread: { id: thread } } }))).toEqual([
      { event: "error_reported", message: "no rollout found for thread id old" },
      { event: "conversation_opened", conversation: thread, resumed: false },
    ]);
  });

  it("fails the turns of a conversation that could not be opened", () => {
    const { hear, say, codec } = talkTo(createCodexSession(request));
    codec.open();
    hear({ id: 1, result: {} });
    hear({ id: 2, error: { message: "no model" } });
    expect(codec.isReady).toBe(true);
    expect(events(say({ type: "prompt", text: "hello" }))).toEqual([
      { event: "turn_started" },
      { event: "turn_completed", outcome: "failed", text: "no model" },
    ]);
  });

  it("tells a turn: what was said, thought and done", () => {
    const { hear, say } = openCodex();
    const asked = say({ type: "prompt", text: "hello" });
    expect(written(asked)).toEqual([
      {
        id: 3,
        method: "turn/start",
        params: { threadId: thread, input: [{ type: "text", text: "hello", text_elements: [] }] },
      },
    ]);
    const heard = hear(
      { id: 3, result: { turn: { id: "t1" } } },
      turnStarted("t1"),
      item("completed", { type: "userMessage", id: "u" }),
      item("completed", { type: "reasoning", id: "r", summary: ["hm"], content: [] }),
      noted("item/agentMessage/delta", { delta: "I will" }),
      item("completed", { type: "agentMessage", id: "m", text: "I will look." }),
      item("started", command("c1")),
      noted("turn/started", { threadId: "of a helper", turn: { id: "x" } }),
      item("completed", command("c1", { status: "completed", aggregatedOutput: "a.js", exitCode: 0 })),
      item("completed", { type: "fileChange", id: "f1", changes: [{ path: "a.js" }], status: "declined" }),
      noted("error", { error: { message: "Reconnecting... 1/5", additionalDetails: "529" }, willRetry: true }),
      turnCompleted("t1"),
    );
    expect(heard.streamed).toEqual([{ kind: "text", text: "I will" }]);
    expect(events(asked, heard)).toEqual([
      { event: "turn_started" },
      { event: "thought_produced", text: "hm" },
      { event: "text_produced", text: "I will look." },
      { event: "tool_started", id: "c1", tool: "shell", input: { command: "/bin/bash -lc ls" } },
      { event: "tool_completed", id: "c1", ok: true, output: "a.js" },
      { event: "tool_started", id: "f1", tool: "apply_patch", input: { changes: [{ path: "a.js" }] } },
      { event: "tool_completed", id: "f1", ok: false, output: "" },
      { event: "error_reported", message: "Reconnecting... 1/5 (529)" },
      { event: "turn_completed", outcome: "completed", text: "I will look." },
    ]);
  });

  it("steers the turn that goes on; what comes too late begins one", () => {
    const { hear, say } = openCodex();
    say({ type: "prompt", text: "hello" });
    // Before the turn has an id nothing can be told to it.
    expect(written(say({ type: "steer", text: "early" }))).toEqual([]);
    expect(written(hear(turnStarted("t1")))).toMatchObject([
      { id: 4, method: "turn/steer", params: { expectedTurnId: "t1", input: [{ text: "early" }] } },
    ]);
    hear({ id: 4, result: { turnId: "t1" } });
    expect(written(say({ type: "steer", text: "late" }))).toMatchObject([{ id: 5, method: "turn/steer" }]);
    const late = hear(turnCompleted("t1"), { id: 5, error: { message: "no active turn to steer" } });
    expect(written(late)).toMatchObject([{ id: 6, method: "turn/start", params: { input: [{ text: "late" }] } }]);
    expect(events(late)).toEqual([
      { event: "turn_completed", outcome: "completed", text: "" },
      { event: "turn_started" },
    ]);
  });

  it("aborts a turn, with what it did at that time", () => {
    const { hear, say } = openCodex();
    say({ type: "prompt", text: "hello" });
    expect(written(say({ type: "abort" }))).toEqual([]);
    expect(written(hear({ id: 3, result: { turn: { id: "t1" } } }))).toMatchObject([
      { method: "turn/interrupt", params: { threadId: thread, turnId: "t1" } },
    ]);
    const ended = hear(item("started", command("c1")), turnCompleted("t1", { status: "interrupted" }));
    expect(events(ended).slice(1)).toEqual([
      { event: "tool_completed", id: "c1", ok: false, output: "" },
      { event: "turn_completed", outcome: "aborted", text: "" },
    ]);
  });

  it("asks a person, once, and takes back what the CLI no longer waits for", () => {
    const { hear, say } = openCodex();
    say({ type: "prompt", text: "hello" });
    const approval = {
      id: 0,
      ...noted("item/commandExecution/requestApproval", { itemId: "c1", command: "touch a", cwd: "/w" }),
    };
    const asked = hear(turnStarted("t1"), approval, approval);
    expect(events(asked)).toMatchObject([
      { event: "question_asked", question: "0", kind: "permission", title: "Run touch a", tool: "shell" },
    ]);
    expect(written(say({ type: "answer", question: "0", answer: { option: "allow_always" } }))).toEqual([
      { id: 0, result: { decision: "acceptForSession" } },
    ]);
    expect(() => say({ type: "answer", question: "0", answer: { option: "allow" } })).toThrow(/no question 0 is open/);
    hear({ id: 1, ...noted("item/fileChange/requestApproval", { itemId: "f1" }) });
    expect(written(say({ type: "answer", question: "1", answer: { cancelled: true } }))).toEqual([
      { id: 1, result: { decision: "decline" } },
    ]);
    const withdrawn = hear(
      { id: 2, ...noted("item/fileChange/requestApproval", { itemId: "f2" }) },
      noted("serverRequest/resolved", { requestId: 2 }),
      { id: 3, ...noted("account/chatgptAuthTokens/refresh", {}) },
    );
    expect(events(withdrawn)[1]).toEqual({ event: "question_answered", question: "2", answer: { cancelled: true } });
    expect(written(withdrawn)).toMatchObject([{ id: 3, error: { code: -32601 } }]);
  });

  it("lets a tool be used unasked where the sandbox alone decides", () => {
    const { hear } = openCodex({ asks: false });
    const heard = hear({ id: 7, ...noted("item/fileChange/requestApproval", { itemId: "f1" }) });
    expect([written(heard), events(heard)]).toEqual([[{ id: 7, result: { decision: "accept" } }], []]);
  });

  it("passes on a form of an MCP server, and a question of the model's", () => {
    const { hear, say } = openCodex();
    const form = (properties: object) => ({
      mode: "form",
      serverName: "s",
      message: "Who?",
      requestedSchema: { properties },
    });
    const input = { questions: [{ id: "q", question: "Which?", options: [{ label: "one" }, { label: "two" }] }] };
    const heard = hear(
      { id: 1, ...noted("mcpServer/elicitation/request", form({ name: { type: "string" } })) },
      { id: 2, ...noted("mcpServer/elicitation/request", form({ name: {}, age: {} })) },
      { id: 3, ...noted("item/tool/requestUserInput", input) },
    );
    expect(events(heard)).toMatchObject([
      { kind: "text", title: "s: Who? (name)" },
      { kind: "text", title: "s: Who? (a JSON object with name, age)" },
      { kind: "choice", title: "Which?", options: [{ id: "one" }, { id: "two" }] },
    ]);
    const answer = (question: string, text: string) => written(say({ type: "answer", question, answer: { text } }));
    expect(answer("1", "Ann")).toMatchObject([{ id: 1, result: { action: "accept", content: { name: "Ann" } } }]);
    expect(() => answer("2", "Ann")).toThrow(/takes a JSON object with name, age/);
    expect(answer("2", '{"name":"Ann"}')).toMatchObject([{ id: 2, result: { content: { name: "Ann" } } }]);
    expect(written(say({ type: "answer", question: "3", answer: { option: "two" } }))).toEqual([
      { id: 3, result: { answers: { q: { answers: ["two"] } } } },
    ]);
  });

  it("changes the model and how hard it thinks, once Codex has taken it", () => {
    const { hear, say } = openCodex();
    const steps = [say({ type: "set_model", model: "gpt-5.2" }), say({ type: "set_thinking", level: "off" })];
    expect(steps.flatMap(written)).toMatchObject([
      { id: 3, method: "thread/settings/update", params: { model: "gpt-5.2" } },
      { id: 4, method: "thread/settings/update", params: { effort: "none" } },
    ]);
    expect(events(...steps, hear({ id: 3, result: {} }, { id: 4, error: { message: "no" } }))).toEqual([
      { event: "model_changed", model: "gpt-5.2" },
      { event: "error_reported", message: "no" },
    ]);
  });

  it("sums up, which is a turn to Codex and none to us; and tells one of its own accord within a turn", () => {
    const { hear, say } = openCodex();
    const asked = say({ type: "compact" });
    const heard = hear(turnStarted("t1"), item("started", { type: "contextCompaction", id: "x" }), turnCompleted("t1"));
    expect(events(asked, heard)).toEqual([
      { event: "compaction_started" },
      { event: "compaction_completed", ok: true },
    ]);
    say({ type: "prompt", text: "hello" });
    const own = hear(
      turnStarted("t2"),
      item("started", { type: "contextCompaction", id: "x" }),
      turnCompleted("t2", { status: "failed", error: { message: "too long" } }),
    );
    expect(events(own)).toEqual([
      { event: "compaction_started" },
      { event: "compaction_completed", ok: false },
      { event: "turn_completed", outcome: "failed", text: "too long" },
    ]);
  });

  it("tells that a turn was cut off", () => {
    const { hear, say, codec } = openCodex();
    say({ type: "prompt", text: "hello" });
    hear(turnStarted("t1"), item("started", command("c1")));
    expect(codec.end()).toEqual({
      events: [
        { event: "tool_completed", id: "c1", ok: false, output: "" },
        { event: "turn_completed", outcome: "interrupted", text: "" },
      ],
    });
  });
});
