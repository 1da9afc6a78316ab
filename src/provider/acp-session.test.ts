import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../base/failure.ts";
import { RunEvent, type RunEventDraft } from "../spec/events.ts";
import type { SessionCommand } from "../spec/session.ts";
import { type AcpSessionOptions, createAcpSession } from "./acp-session.ts";
import type { SessionStep } from "./provider.ts";

type Json = Readonly<Record<string, unknown>>;
const encode = (text: string) => new TextEncoder().encode(text);
const written = (step: SessionStep): Json[] =>
  (step.write ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const plain: AcpSessionOptions = { agent: "scripted", workdir: "/work", asks: false };
const abilities = {
  protocolVersion: 1,
  agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} } },
};
const choices = (model: string) => [
  { id: "model", category: "model", currentValue: model, options: [{ value: "a/one" }, { value: "a/two" }] },
  {
    id: "effort",
    category: "thought_level",
    currentValue: "low",
    options: [{ name: "all", options: [{ value: "low" }, { value: "max" }] }],
  },
];
const leave = [
  { optionId: "once", kind: "allow_once", name: "Allow once" },
  { optionId: "always", kind: "allow_always", name: "Always allow" },
  { optionId: "no", kind: "reject_once", name: "Reject" },
];

/** A conversation with an agent that says what the test gives it. */
function converse(options: Partial<AcpSessionOptions> = {}) {
  const codec = createAcpSession({ ...plain, ...options });
  const events: RunEventDraft[] = [];
  const sent: Json[] = [];
  const streamed: string[] = [];
  const keep = (step: SessionStep) => {
    events.push(...(step.events ?? []));
    sent.push(...written(step));
    for (const { kind, text } of step.streamed ?? []) streamed.push(`${kind}: ${text}`);
  };
  const hear = (...messages: readonly object[]) =>
    keep(codec.decode(encode(messages.map((m) => `${JSON.stringify({ jsonrpc: "2.0", ...m })}\n`).join(""))));
  const talk = {
    codec,
    events,
    sent,
    streamed,
    hear,
    /** Replies to the last request that was sent. */
    reply: (result: object) => hear({ id: sent.findLast(({ method, id }) => method && id)?.id, result }),
    fail: (message: string) => hear({ id: sent.findLast(({ method, id }) => method && id)?.id, error: { message } }),
    update: (update: object) => hear({ method: "session/update", params: { sessionId: "s1", update } }),
    say: (command: SessionCommand) => keep(codec.encode(command)),
    end: () => keep(codec.end()),
  };
  keep(codec.open());
  return talk;
}

/** One whose conversation is open. */
function openConversation(options: Partial<AcpSessionOptions> = {}, told: object = {}) {
  const talk = converse(options);
  talk.reply(abilities);
  talk.reply({ sessionId: "s1", ...told });
  return talk;
}

const chunk = (text: string, messageId?: string) => ({
  sessionUpdate: "agent_message_chunk",
  messageId,
  content: { type: "text", text },
});

describe("createAcpSession()", () => {
  it("opens a conversation with no files and terminals of the client's, then is ready", () => {
    const talk = converse();
    expect(talk.codec.isReady).toBe(false);
    talk.reply(abilities);
    talk.hear({
      method: "session/update",
      params: { sessionId: "s1", update: { sessionUpdate: "available_commands_update", availableCommands: [] } },
    });
    expect(talk.codec.isReady).toBe(false);
    talk.reply({ sessionId: "s1" });
    expect(talk.codec.isReady).toBe(true);
    expect(talk.sent).toMatchObject([
      {
        method: "initialize",
        params: {
          protocolVersion: 1,
          clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
        },
      },
      { method: "session/new", params: { cwd: "/work", mcpServers: [] } },
    ]);
    expect(talk.events).toEqual([{ event: "conversation_opened", conversation: "s1", resumed: false }]);
  });

  it("tells a turn as opencode has it: what a tool is given comes with its progress", () => {
    const talk = openConversation({ habits: { toolInput: "progress" } });
    talk.say({ type: "prompt", text: "mend it" });
    expect(talk.sent.at(-1)).toMatchObject({
      method: "session/prompt",
      params: { sessionId: "s1", prompt: [{ type: "text", text: "mend it" }] },
    });
    talk.update(chunk("I will", "m1"));
    talk.update(chunk(" look \u2028 \u{1f600}", "m1"));
    const call = { toolCallId: "t1", kind: "execute", title: "bash" };
    talk.update({ sessionUpdate: "tool_call", ...call, status: "pending", rawInput: { cwd: "/work" } });
    const running = { ...call, sessionUpdate: "tool_call_update", title: "ls", rawInput: { command: "ls" } };
    talk.update({ ...running, status: "in_progress" });
    talk.update({ ...running, status: "in_progress" });
    const content = [{ type: "content", content: { type: "text", text: "a.js\n" } }];
    talk.update({ ...running, status: "completed", content, rawOutput: { metadata: { exit: 2 } } });
    talk.update({ sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "hm" } });
    talk.update(chunk("Do", "m2"));
    talk.update(chunk("ne.", "m2"));
    talk.reply({ stopReason: "end_turn" });
    expect(talk.events.slice(1)).toEqual([
      { event: "turn_started" },
      { event: "text_produced", text: "I will look \u2028 \u{1f600}" },
      { event: "tool_started", id: "t1", tool: "bash", input: { command: "ls" } },
      { event: "tool_completed", id: "t1", ok: false, output: "a.js\n" },
      { event: "thought_produced", text: "hm" },
      { event: "text_produced", text: "Done." },
      { event: "turn_completed", outcome: "completed", text: "Done." },
    ]);
    expect(talk.streamed).toEqual([
      "text: I will",
      "text:  look \u2028 \u{1f600}",
      "thought: hm",
      "text: Do",
      "text: ne.",
    ]);
  });

  it("tells a turn as Copilot has it: titles are sentences, a tool pends until it is over", () => {
    const talk = openConversation();
    talk.say({ type: "prompt", text: "mend it" });
    const call = { sessionUpdate: "tool_call", toolCallId: "t1", title: "Viewing /work/a.js", kind: "read" };
    talk.update({ ...call, status: "pending", rawInput: { path: "/work/a.js" } });
    expect(talk.events.at(-1)).toEqual({
      event: "tool_started",
      id: "t1",
      tool: "read",
      input: { path: "/work/a.js" },
    });
    talk.update({
      sessionUpdate: "tool_call_update",
      toolCallId: "t1",
      status: "completed",
      rawOutput: { content: "a - b" },
    });
    talk.update({
      sessionUpdate: "tool_call_update",
      toolCallId: "t2",
      status: "failed",
      rawOutput: { message: "rejected" },
    });
    talk.reply({ stopReason: "refusal" });
    expect(talk.events.slice(3)).toEqual([
      { event: "tool_completed", id: "t1", ok: true, output: "a - b" },
      { event: "tool_started", id: "t2", tool: "tool", input: {} },
      { event: "tool_completed", id: "t2", ok: false, output: "rejected" },
      { event: "turn_completed", outcome: "failed", text: "the model refused to go on" },
    ]);
  });

  it("gives every permission at once where nobody is asked, for this once", () => {
    const talk = openConversation();
    talk.say({ type: "prompt", text: "go" });
    talk.hear({
      id: "p",
      method: "session/request_permission",
      params: { sessionId: "s1", toolCall: { toolCallId: "t1" }, options: leave },
    });
    expect(talk.sent.at(-1)).toEqual({
      jsonrpc: "2.0",
      id: "p",
      result: { outcome: { outcome: "selected", optionId: "once" } },
    });
    expect(talk.events.map(({ event }) => event)).toEqual(["conversation_opened", "turn_started"]);
  });

  it("asks where it is to ask, takes one of the options, and says to the agent which", () => {
    const talk = openConversation({ asks: true });
    talk.say({ type: "prompt", text: "go" });
    const toolCall = { toolCallId: "t1", title: "ls -l", kind: "execute", rawInput: { command: "ls -l" } };
    talk.hear({
      id: 0,
      method: "session/request_permission",
      params: { sessionId: "s1", toolCall, options: leave },
    });
    expect(talk.events.slice(2)).toEqual([
      { event: "tool_started", id: "t1", tool: "execute", input: { command: "ls -l" } },
      {
        event: "question_asked",
        question: "question-1",
        kind: "permission",
        title: "ls -l",
        tool: "execute",
        input: { command: "ls -l" },
        options: [
          { id: "once", label: "Allow once", means: "allow" },
          { id: "always", label: "Always allow", means: "allow_always" },
          { id: "no", label: "Reject", means: "deny" },
        ],
      },
    ]);
    const answer = (given: Extract<SessionCommand, { type: "answer" }>["answer"]) => () =>
      talk.say({ type: "answer", question: "question-1", answer: given });
    expect(answer({ option: "perhaps" })).toThrow('"perhaps" is none of its options: once, always, no');
    expect(answer({ text: "yes" })).toThrow("not for a text");
    answer({ option: "no" })();
    expect(talk.sent.at(-1)).toMatchObject({ id: 0, result: { outcome: { outcome: "selected", optionId: "no" } } });
    expect(answer({ option: "no" })).toThrow('no open question "question-1"');
  });

  it("aborts: open questions are cancelled first, tools that never came back are over, later ones get no leave", () => {
    const talk = openConversation({ asks: true });
    talk.say({ type: "prompt", text: "go" });
    const ask = (id: number, toolCallId: string) =>
      talk.hear({
        id,
        method: "session/request_permission",
        params: { sessionId: "s1", toolCall: { toolCallId, title: "x y" }, options: leave },
      });
    ask(0, "t1");
    talk.say({ type: "abort" });
    ask(1, "t2");
    expect(talk.sent.slice(3)).toMatchObject([
      { id: 0, result: { outcome: { outcome: "cancelled" } } },
      { method: "session/cancel", params: { sessionId: "s1" } },
      { id: 1, result: { outcome: { outcome: "cancelled" } } },
    ]);
    talk.hear({ id: 3, result: { stopReason: "cancelled" } });
    expect(talk.events.slice(4)).toEqual([
      { event: "question_answered", question: "question-1", answer: { cancelled: true } },
      { event: "tool_completed", id: "t1", ok: false, output: "" },
      { event: "turn_completed", outcome: "aborted", text: "" },
    ]);
    expect(() => talk.say({ type: "abort" })).toThrow("no turn goes on");
  });

  it("goes on with a conversation: by resume where the agent has it, else by load, of which nothing is told again", () => {
    const resumed = converse({ resume: "s1", instructions: "Be brief." });
    resumed.reply(abilities);
    expect(resumed.sent.at(-1)).toMatchObject({ method: "session/resume", params: { sessionId: "s1", cwd: "/work" } });
    resumed.reply({});
    resumed.say({ type: "prompt", text: "go on" });
    expect(resumed.sent.at(-1)).toMatchObject({ params: { prompt: [{ text: "go on" }] } });

    const loaded = converse({ resume: "s1" });
    loaded.reply({ protocolVersion: 1, agentCapabilities: { loadSession: true } });
    expect(loaded.sent.at(-1)).toMatchObject({ method: "session/load" });
    loaded.update(chunk("earlier words"));
    loaded.update({ sessionUpdate: "tool_call", toolCallId: "t1", title: "bash", status: "completed" });
    loaded.reply({});
    loaded.say({ type: "prompt", text: "go on" });
    loaded.reply({ stopReason: "end_turn" });
    expect(loaded.events).toEqual([
      { event: "conversation_opened", conversation: "s1", resumed: true },
      { event: "turn_started" },
      { event: "turn_completed", outcome: "completed", text: "" },
    ]);
    expect(loaded.streamed).toEqual([]);

    const neither = converse({ resume: "s1" });
    neither.reply({ protocolVersion: 1, agentCapabilities: {} });
    expect(neither.codec.isReady).toBe(true);
    expect(() => neither.say({ type: "prompt", text: "go on" })).toThrow("cannot go on with an earlier conversation");
  });

  it("says what was in the way of a conversation: an error of the agent, another version", () => {
    const refused = converse();
    refused.reply(abilities);
    refused.fail("Authentication required");
    expect(refused.events).toEqual([{ event: "error_reported", message: "Authentication required" }]);
    expect(() => refused.say({ type: "prompt", text: "go" })).toThrow(/scripted did not take it: Authentication requ/);
    const newer = converse();
    newer.reply({ protocolVersion: 2 });
    expect(() => newer.say({ type: "prompt", text: "go" })).toThrow("version 2 of the protocol, not 1");
  });

  it("puts the instructions before the first prompt, and chooses the model before that", () => {
    const talk = converse({ instructions: "Be brief.", model: "a/two", thinking: "xhigh" });
    talk.reply(abilities);
    talk.reply({ sessionId: "s1", configOptions: choices("a/one") });
    expect(talk.sent.at(-1)).toMatchObject({
      method: "session/set_config_option",
      params: { sessionId: "s1", configId: "model", value: "a/two" },
    });
    expect(talk.codec.isReady).toBe(false);
    talk.reply({});
    expect(talk.sent.at(-1)).toMatchObject({ params: { configId: "effort", value: "max" } });
    talk.fail("no");
    expect(talk.codec.isReady).toBe(true);
    expect(talk.events.at(-1)).toEqual({ event: "error_reported", message: "scripted keeps its thinking: no" });
    talk.say({ type: "prompt", text: "go" });
    expect(talk.sent.at(-1)).toMatchObject({ params: { prompt: [{ text: "Be brief.\n\ngo" }] } });
  });

  it("works with no other model than the one that was wished", () => {
    const talk = converse({ model: "a/three" });
    talk.reply(abilities);
    talk.reply({ sessionId: "s1", configOptions: choices("a/one") });
    talk.fail("no such model");
    expect(() => talk.say({ type: "prompt", text: "go" })).toThrow("scripted keeps its model: no such model");
  });

  it("changes model and thinking where the agent lets it choose, and says so when the agent has confirmed", () => {
    const talk = openConversation({}, { configOptions: choices("a/one") });
    talk.say({ type: "set_model", model: "a/two" });
    expect(talk.events).toHaveLength(1);
    talk.reply({ configOptions: choices("a/two") });
    talk.say({ type: "set_thinking", level: "low" });
    expect(talk.events.slice(1)).toEqual([
      { event: "model_changed", model: "a/two" },
      { event: "thinking_changed", level: "low" },
    ]);
    talk.say({ type: "set_model", model: "a/three" });
    talk.fail("no such model");
    expect(talk.events.at(-1)).toEqual({ event: "error_reported", message: "scripted keeps its model: no such model" });
    expect(() => talk.say({ type: "set_thinking", level: "medium" })).toThrow("cannot think at level medium");

    const older = openConversation({}, { models: { availableModels: [{ modelId: "one" }], currentModelId: "one" } });
    older.say({ type: "set_model", model: "two" });
    expect(older.sent.at(-1)).toMatchObject({ method: "session/set_model", params: { modelId: "two" } });
    expect(() => openConversation().say({ type: "set_model", model: "x" })).toThrow("cannot change its model");
    const any = openConversation({ habits: { takesAnyModel: true } });
    any.say({ type: "set_model", model: "x" });
    expect(any.sent.at(-1)).toMatchObject({ method: "session/set_model" });
  });

  it("sums up by the agent's own command, where it has one", () => {
    const talk = openConversation();
    expect(() => talk.say({ type: "compact" })).toThrow("cannot sum the conversation up");
    talk.update({ sessionUpdate: "available_commands_update", availableCommands: [{ name: "compact" }] });
    talk.say({ type: "compact" });
    expect(talk.sent.at(-1)).toMatchObject({ method: "session/prompt", params: { prompt: [{ text: "/compact" }] } });
    talk.reply({ stopReason: "end_turn" });
    expect(talk.events.slice(1)).toEqual([
      { event: "compaction_started" },
      { event: "compaction_completed", ok: true },
    ]);
  });

  it("has no files and terminals for the agent, and hears nothing of other conversations", () => {
    const talk = openConversation();
    talk.hear({ id: 7, method: "fs/write_text_file", params: { sessionId: "s1", path: "/etc/x", content: "" } });
    expect(talk.sent.at(-1)).toMatchObject({ id: 7, error: { code: -32_601 } });
    talk.hear({ method: "session/update", params: { sessionId: "s2", update: chunk("not ours") } });
    expect(talk.streamed).toEqual([]);
  });

  it("ends a turn that the agent did not live to end", () => {
    const talk = openConversation({ asks: true });
    talk.say({ type: "prompt", text: "go" });
    talk.update({ sessionUpdate: "tool_call", toolCallId: "t1", title: "bash", status: "in_progress" });
    talk.update(chunk("half a"));
    const before = talk.sent.length;
    talk.end();
    expect(talk.events.slice(3)).toEqual([
      { event: "text_produced", text: "half a" },
      { event: "tool_completed", id: "t1", ok: false, output: "" },
      { event: "turn_completed", outcome: "interrupted", text: "" },
    ]);
    expect(talk.sent).toHaveLength(before);
    expect(() => talk.say({ type: "prompt", text: "again" })).toThrow("it has ended");
  });
});

const id = fc.constantFrom("t1", "t2", "t3");
const update = fc.oneof(
  fc.record({
    sessionUpdate: fc.constantFrom("tool_call", "tool_call_update"),
    toolCallId: id,
    title: fc.constantFrom("bash", "Run it", ""),
    status: fc.constantFrom("pending", "in_progress", "completed", "failed", 7),
    rawInput: fc.jsonValue(),
    rawOutput: fc.jsonValue(),
    content: fc.jsonValue(),
  }),
  fc.record({
    sessionUpdate: fc.constantFrom("agent_message_chunk", "agent_thought_chunk", "plan", 3),
    content: fc.oneof(fc.jsonValue(), fc.record({ type: fc.constant("text"), text: fc.string() })),
  }),
  fc.record({ sessionUpdate: fc.constant("config_option_update"), configOptions: fc.jsonValue() }),
  fc.constant({ sessionUpdate: "available_commands_update", availableCommands: [{ name: "compact" }] }),
);
const message = fc.oneof(
  {
    weight: 6,
    arbitrary: update.map((one) => ({ method: "session/update", params: { sessionId: "s1", update: one } })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      id: fc.integer({ min: 1, max: 6 }),
      result: fc.oneof(
        fc.constant({ ...abilities, sessionId: "s1", stopReason: "end_turn", configOptions: choices("a/one") }),
        fc.jsonValue(),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ id: fc.integer({ min: 1, max: 6 }), error: fc.jsonValue() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      id: fc.constantFrom(0, "a", null),
      method: fc.constantFrom("session/request_permission", "terminal/create"),
      params: fc.record({
        sessionId: fc.constant("s1"),
        toolCall: fc.record({ toolCallId: id, title: fc.string(), status: fc.constantFrom("pending", "completed") }),
        options: fc.oneof(fc.constant(leave), fc.jsonValue()),
      }),
    }),
  },
  fc.record({ method: fc.constant("$/cancel_request"), params: fc.record({ requestId: fc.constantFrom(0, "a") }) }),
);
const heard = fc.oneof(
  { weight: 20, arbitrary: message.map((one) => encode(`${JSON.stringify(one)}\n`)) },
  { weight: 1, arbitrary: fc.uint8Array() },
  { weight: 1, arbitrary: fc.json().map((text) => encode(`${text}\n`)) },
);
const said: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ type: "prompt", text: "go" } as const) },
  fc.constant({ type: "abort" } as const),
  fc.constant({ type: "compact" } as const),
  fc.constantFrom("a/one", "a/two").map((model) => ({ type: "set_model", model }) as const),
  fc.constantFrom("low", "xhigh").map((level) => ({ type: "set_thinking", level }) as const),
  fc.integer({ min: 1, max: 3 }).map((n) => ({
    type: "answer" as const,
    question: `question-${n}`,
    answer: { option: "once" },
  })),
);
const cut = (bytes: Uint8Array, at: number) => {
  const where = at % (bytes.length + 1);
  return [bytes.subarray(0, where), bytes.subarray(where)];
};
/** What was begun and is not over. */
const openOf = (events: readonly RunEventDraft[], begins: string, ends: string, key: "id" | "event") => {
  const open = new Set<unknown>();
  for (const event of events) {
    const name = key === "id" ? (event as { id?: string }).id : "";
    if (event.event === begins) {
      expect(open.has(name), `${begins} within ${begins}`).toBe(false);
      open.add(name);
    }
    if (event.event === ends) expect(open.delete(name), `${ends} without ${begins}`).toBe(true);
  }
  return open.size;
};

describe("createAcpSession(), whatever comes", () => {
  it("follows so many tools at once and no more: each may come with a megabyte", () => {
    const talk = openConversation();
    talk.say({ type: "prompt", text: "go" });
    for (let n = 0; n < 1500; n += 1)
      talk.update({ sessionUpdate: "tool_call", toolCallId: `t${n}`, title: "shell", status: "in_progress" });
    talk.reply({ stopReason: "end_turn" });
    expect(talk.events.filter(({ event }) => event === "tool_started")).toHaveLength(1000);
    expect(talk.events.filter(({ event }) => event === "tool_completed")).toHaveLength(1000);
  });

  it("never throws, tells what is begun and over in pairs and each question once, writes whole messages", () => {
    const asks = fc.boolean();
    const moves = fc.array(fc.oneof({ weight: 4, arbitrary: fc.tuple(heard, fc.nat()) }, said), { maxLength: 40 });
    let asked = 0;
    let turns = 0;
    fc.assert(
      fc.property(asks, fc.boolean(), moves, (isAsking, isOpen, script) => {
        const codec = createAcpSession({ ...plain, asks: isAsking });
        const steps: SessionStep[] = [codec.open()];
        if (isOpen) {
          steps.push(codec.decode(encode(`${JSON.stringify({ id: 1, result: abilities })}\n`)));
          steps.push(codec.decode(encode(`${JSON.stringify({ id: 2, result: { sessionId: "s1" } })}\n`)));
          steps.push(codec.encode({ type: "prompt", text: "go" }));
        }
        for (const move of script) {
          if (Array.isArray(move)) steps.push(...cut(...move).map((bytes) => codec.decode(bytes)));
          else {
            try {
              steps.push(codec.encode(move));
            } catch (error) {
              expect(error).toBeInstanceOf(Failure);
            }
          }
        }
        steps.push(codec.end());
        const events = steps.flatMap((step) => step.events ?? []);
        for (const step of steps) expect(step.write ?? "\n").toMatch(/\n$/);
        for (const { jsonrpc } of steps.flatMap(written)) expect(jsonrpc).toBe("2.0");
        for (const event of events) RunEvent.parse({ ts: "2026-01-01T00:00:00Z", seq: 1, agent: "scripted", ...event });
        expect(openOf(events, "tool_started", "tool_completed", "id")).toBe(0);
        expect(openOf(events, "turn_started", "turn_completed", "event")).toBe(0);
        expect(openOf(events, "compaction_started", "compaction_completed", "event")).toBe(0);
        expect(events.filter(({ event }) => event === "conversation_opened").length).toBeLessThan(2);
        const questions = events.flatMap((event) => (event.event === "question_asked" ? [event.question] : []));
        expect(new Set(questions).size).toBe(questions.length);
        asked += questions.length;
        turns += events.filter(({ event }) => event === "turn_completed").length;
      }),
      { numRuns: 1500 },
    );
    // The scripts reach what they are for.
    expect(Math.min(asked, turns)).toBeGreaterThan(50);
  });
});
