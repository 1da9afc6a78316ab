import { describe, expect, it } from "vitest";
import { assistant, dialog, events, openPi, response, state, tool, written } from "../../test/kit/codec-talk.ts";

describe("the codec of pi", () => {
  it("opens a conversation, and says whether it goes on with one", () => {
    const { opened, codec } = openPi();
    expect(opened.flatMap(written)).toEqual([{ id: "1", type: "get_state" }]);
    expect(events(...opened)).toEqual([{ event: "conversation_opened", conversation: "01a1", resumed: false }]);
    expect(codec.isReady).toBe(true);
    const resumed = (messageCount: number) => events(...openPi({ resume: "01a1" }, { ...state, messageCount }).opened);
    expect([resumed(3), resumed(0)]).toMatchObject([[{ resumed: true }], [{ resumed: false }]]);
  });

  it("tells a turn: what was said, thought and done", () => {
    const { hear, say } = openPi();
    const asked = say({ type: "prompt", text: "hello" });
    expect(written(asked)).toEqual([{ id: "2", type: "prompt", message: "hello", streamingBehavior: "steer" }]);
    const heard = hear(
      response("2", "prompt"),
      { type: "agent_start" },
      { type: "message_update", assistantMessageEvent: { type: "text_delta", delta: "I" } },
      assistant("I will look."),
      tool("tool_execution_start", { args: { command: "ls" } }),
      tool("tool_execution_end", { result: { content: [{ type: "text", text: "a.js" }] }, isError: false }),
      assistant("Done."),
      { type: "agent_settled" },
    );
    expect(heard.streamed).toEqual([{ kind: "text", text: "I" }]);
    expect(events(asked, heard)).toEqual([
      { event: "turn_started" },
      { event: "thought_produced", text: "hm" },
      { event: "text_produced", text: "I will look." },
      { event: "tool_started", id: "t1", tool: "bash", input: { command: "ls" } },
      { event: "tool_completed", id: "t1", ok: true, output: "a.js" },
      { event: "thought_produced", text: "hm" },
      { event: "text_produced", text: "Done." },
      { event: "turn_completed", outcome: "completed", text: "Done." },
    ]);
  });

  it("ends a turn that reached no model: an extension's command, a refusal, an error", () => {
    const { hear, say } = openPi();
    say({ type: "prompt", text: "/mine" });
    expect(written(hear(response("2", "prompt")))).toEqual([{ id: "3", type: "get_state" }]);
    expect(events(hear(response("3", "get_state", { data: { ...state, isStreaming: false } })))).toEqual([
      { event: "turn_completed", outcome: "completed", text: "" },
    ]);
    say({ type: "prompt", text: "hello" });
    expect(events(hear(response("4", "prompt", { success: false, error: "no model" })))).toEqual([
      { event: "turn_completed", outcome: "failed", text: "no model" },
    ]);
    say({ type: "prompt", text: "hello" });
    const failed = hear(
      response("5", "prompt"),
      { type: "agent_start" },
      assistant("", { content: [], stopReason: "error", errorMessage: "404" }),
      { type: "agent_settled" },
    );
    expect(events(failed).at(-1)).toEqual({ event: "turn_completed", outcome: "failed", text: "404" });
  });

  it("steers, and follows a turn that pi begins by itself", () => {
    const { hear, say } = openPi();
    say({ type: "prompt", text: "hello" });
    hear(response("2", "prompt"), { type: "agent_start" });
    expect(written(say({ type: "steer", text: "so" }))).toMatchObject([
      { type: "prompt", message: "so", streamingBehavior: "steer" },
    ]);
    expect(events(hear({ type: "agent_settled" }, { type: "agent_start" }))).toEqual([
      { event: "turn_completed", outcome: "completed", text: "" },
      { event: "turn_started" },
    ]);
    hear({ type: "compaction_start", reason: "threshold" });
    expect(written(say({ type: "steer", text: "so" }))).toMatchObject([{ type: "steer", message: "so" }]);
  });

  it("aborts a turn: dialogs are closed first, or pi would wait for them", () => {
    const { hear, say } = openPi();
    say({ type: "prompt", text: "hello" });
    hear(response("2", "prompt"), { type: "agent_start" }, dialog("d1", "confirm"));
    const aborted = say({ type: "abort" });
    expect(written(aborted)).toMatchObject([
      { type: "extension_ui_response", id: "d1", cancelled: true },
      { type: "clear_queue" },
      { type: "abort" },
    ]);
    const ended = hear(assistant("", { content: [], stopReason: "error", errorMessage: "aborted" }), {
      type: "agent_settled",
    });
    expect(events(aborted, ended).at(-1)).toMatchObject({ event: "turn_completed", outcome: "aborted" });
  });

  it("passes dialogs on", () => {
    const { hear, say } = openPi();
    const asked = hear(
      dialog("d1", "confirm", { message: "run it" }),
      dialog("d2", "select", { options: ["one", "two"] }),
      dialog("d3", "input", { placeholder: "a name" }),
      dialog("d4", "notify", { message: "bad", notifyType: "error" }),
      dialog("d5", "setStatus"),
    );
    expect(events(asked)).toMatchObject([
      { question: "d1", kind: "choice", title: "May I? run it", options: [{ id: "yes" }, { id: "no" }] },
      { question: "d2", kind: "choice", options: [{ id: "one" }, { id: "two" }] },
      { question: "d3", kind: "text", input: "a name" },
      { event: "error_reported", message: "bad" },
    ]);
    const answers = [
      say({ type: "answer", question: "d1", answer: { option: "no" } }),
      say({ type: "answer", question: "d2", answer: { option: "two" } }),
      say({ type: "answer", question: "d3", answer: { text: "Ann" } }),
    ];
    expect(answers.flatMap(written)).toEqual([
      { type: "extension_ui_response", id: "d1", confirmed: false },
      { type: "extension_ui_response", id: "d2", value: "two" },
      { type: "extension_ui_response", id: "d3", value: "Ann" },
    ]);
  });

  it("passes on what our extension asks before a tool is used", () => {
    const { hear, say } = openPi();
    const title = 'caisson-ask {"tool":"bash","input":{"command":"ls"}}';
    const asked = hear(dialog("d1", "select", { title, options: ["allow", "allow_always", "deny"] }));
    expect(events(asked)).toMatchObject([
      {
        kind: "permission",
        title: "Use bash",
        tool: "bash",
        input: { command: "ls" },
        options: [{ means: "allow" }, {}, {}],
      },
    ]);
    expect(written(say({ type: "answer", question: "d1", answer: { option: "allow_always" } }))).toEqual([
      { type: "extension_ui_response", id: "d1", value: "allow_always" },
    ]);
  });

  it("changes the model, of the same provider or another, and the level that it then has", () => {
    const { hear, say } = openPi();
    expect(written(say({ type: "set_model", model: "claude-opus-4-5" }))).toMatchObject([
      { type: "set_model", provider: "anthropic", modelId: "claude-opus-4-5" },
    ]);
    expect(written(say({ type: "set_model", model: "openai/gpt-5.1" }))).toMatchObject([
      { provider: "openai", modelId: "gpt-5.1" },
    ]);
    const model = { provider: "anthropic", id: "claude-opus-4-5" };
    const refused = { success: false, error: "Model not found: openai/gpt-5.1" };
    expect(events(hear(response("2", "set_model", { data: model }), response("3", "set_model", refused)))).toEqual([
      { event: "model_changed", model: "anthropic/claude-opus-4-5" },
      { event: "error_reported", message: "Model not found: openai/gpt-5.1" },
    ]);
    say({ type: "set_thinking", level: "xhigh" });
    say({ type: "set_thinking", level: "high" });
    const heard = hear(
      { type: "thinking_level_changed", level: "high" },
      response("4", "set_thinking_level"),
      response("5", "set_thinking_level"),
    );
    expect(events(heard)).toEqual([{ event: "thinking_changed", level: "high" }]);
  });

  it("sums up", () => {
    const { hear, say } = openPi();
    const asked = say({ type: "compact" });
    const error = "Compaction failed: Nothing to compact (session too small)";
    const heard = hear(
      { type: "compaction_start", reason: "manual" },
      { type: "compaction_end", reason: "manual", aborted: false, errorMessage: error },
      response("2", "compact", { success: false, error: "Nothing to compact" }),
    );
    expect(events(asked, heard)).toEqual([
      { event: "compaction_started" },
      { event: "error_reported", message: error },
      { event: "compaction_completed", ok: false },
    ]);
  });
});
