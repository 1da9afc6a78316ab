import { describe, expect, it } from "vitest";
import type { RunEvent, RunEventDraft } from "../../spec/events.ts";
import { createEditorUpdates } from "./editor-updates.ts";
import { createOpenTurns } from "./open-turns.ts";
import { permissionRequest } from "./permission-request.ts";
import { promptText } from "./prompt-text.ts";
import { describeTool } from "./tool-call.ts";

let seq = 0;
const event = (draft: RunEventDraft): RunEvent => {
  seq += 1;
  return { ts: "2026-01-01T00:00:00Z", seq, agent: "a", ...draft } as RunEvent;
};
const newUpdates = (notices = true) => createEditorUpdates({ slug: "brisk-otter", workdir: "/work", notices });
const words = (text: string) => ({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });

describe("createEditorUpdates()", () => {
  it("says a text once, whether it came in pieces, whole, or with pieces of the next before its end", () => {
    const updates = newUpdates();
    const whole = (text: string) => updates.event(event({ event: "text_produced", text }));
    expect(whole("All at once.")).toEqual([words("All at once.")]);
    expect(updates.streamed("text", "In ")).toEqual([words("In ")]);
    updates.streamed("text", "pieces.");
    expect(whole("In pieces.")).toEqual([]);
    updates.streamed("text", "Half");
    expect(whole("Half of it.")).toEqual([words(" of it.")]);
    updates.streamed("text", "One.Two");
    expect(whole("One.")).toEqual([]);
    expect(whole("Two.")).toEqual([words(".")]);
    expect(updates.event(event({ event: "thought_produced", text: "hm" }))).toEqual([
      { sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "hm" } },
    ]);
  });

  it("shows a tool's use with its change, and its result beside that", () => {
    const updates = newUpdates();
    const input = { file_path: "a.js", old_string: "a", new_string: "b" };
    const change = { type: "diff", path: "/work/a.js", oldText: "a", newText: "b" };
    expect(updates.event(event({ event: "tool_started", id: "t1", tool: "Edit", input }))).toEqual([
      {
        sessionUpdate: "tool_call",
        toolCallId: "t1",
        title: "Edit /work/a.js",
        kind: "edit",
        status: "in_progress",
        rawInput: input,
        locations: [{ path: "/work/a.js" }],
        content: [change],
      },
    ]);
    expect(updates.event(event({ event: "tool_completed", id: "t1", ok: false, output: "no" }))).toEqual([
      {
        sessionUpdate: "tool_call_update",
        toolCallId: "t1",
        status: "failed",
        content: [change, { type: "content", content: { type: "text", text: "no" } }],
      },
    ]);
  });

  it("tells once what the gate did: as a notice, or as words where the editor has none", () => {
    const refused = event({
      event: "request_refused",
      rule: "default",
      reason: "no route allows this host",
      method: "GET",
      host: "x.example",
      port: 8443,
      path: "/a",
      hint: "caisson policy allow SLUG x.example --once",
    });
    const title = "refused GET x.example:8443/a: no route allows this host";
    const description = "caisson policy allow brisk-otter x.example --once";
    const updates = newUpdates();
    expect(updates.event(refused)).toEqual([{ sessionUpdate: "notice", severity: "warning", title, description }]);
    expect(updates.event(refused)).toEqual([]);
    expect(newUpdates(false).event(refused)).toEqual([words(`\n\n> **caisson** ${title}\n>\n> ${description}\n\n`)]);
    const sighted = (action: "blocked" | "redacted") =>
      updates.event(
        event({ event: "placeholder_sighted", credential: "k", action, host: "x.example", where: "a header" }),
      );
    expect([...sighted("redacted"), ...sighted("redacted"), ...sighted("blocked")]).toMatchObject([
      { severity: "info", title: "the placeholder of k was taken out of what goes to x.example" },
      { severity: "error", title: "blocked a request to x.example: it held the placeholder of k (a header)" },
    ]);
  });
});

describe("describeTool()", () => {
  it.each([
    ["Bash", { command: "ls\npwd" }, { title: "ls…", kind: "execute" }],
    ["exec_command", { cmd: "x".repeat(200) }, { title: `${"x".repeat(120)}…`, kind: "execute" }],
    ["shell", { command: ["bash", "-c", "ls"] }, { title: "bash -c ls", kind: "execute" }],
    ["view", { path: "/etc/x" }, { title: "view /etc/x", kind: "read", locations: [{ path: "/etc/x" }] }],
    ["Grep", { pattern: "x" }, { title: "Grep", kind: "search" }],
    ["delete", { path: "b" }, { title: "delete /work/b", kind: "delete" }],
    ["mystery", "text", { title: "mystery", kind: "other", rawInput: "text" }],
  ])("reads %s", (tool, input, expected) => {
    expect(describeTool({ id: "t", tool, input }, "/work")).toMatchObject(expected);
  });
});

describe("permissionRequest()", () => {
  it("offers the options of the question, each as what it means", () => {
    const options = [
      { id: "y", label: "Yes", means: "allow" },
      { id: "n", label: "Never", means: "deny_always" },
      { id: "?", label: "Plan first", means: "other" },
    ] as const;
    const question = {
      question: "q1",
      kind: "permission",
      title: "Run ls",
      tool: "Bash",
      options: [...options],
    } as const;
    const asked = permissionRequest(
      { ...question, options: [...options], input: { command: "ls" } },
      {
        sessionId: "s",
        workdir: "/work",
        toolCallId: undefined,
      },
    );
    expect(asked).toEqual({
      sessionId: "s",
      toolCall: { toolCallId: "q1", title: "Run ls", kind: "execute", status: "pending", rawInput: { command: "ls" } },
      options: [
        { optionId: "y", name: "Yes", kind: "allow_once" },
        { optionId: "n", name: "Never", kind: "reject_always" },
        { optionId: "?", name: "Plan first", kind: "allow_once" },
      ],
    });
  });
});

describe("promptText()", () => {
  it("names what is linked, quotes what was brought, and refuses pictures and nothing", () => {
    const link = { type: "resource_link", uri: "file:///work/a%20b.js", name: "a b.js" } as const;
    const brought = { type: "resource", resource: { uri: "https://x.example/y", text: "words" } } as const;
    expect(promptText([{ type: "text", text: "See" }, link, { type: "text", text: "and" }, brought])).toBe(
      'See /work/a b.js and\n<context place="https://x.example/y">\nwords\n</context>',
    );
    expect(() => promptText([{ type: "image", data: "", mimeType: "image/png" }])).toThrow("Cannot pass on image");
    expect(() => promptText([{ type: "text", text: "  " }])).toThrow("an empty prompt");
  });
});

describe("createOpenTurns()", () => {
  const completed = (prompt: number) => event({ event: "turn_completed", prompt, outcome: "completed", text: "done" });

  it("knows a turn's end whether it was waited for before or after, and a prompt that was dropped", async () => {
    const turns = createOpenTurns();
    const early = turns.ended(1);
    turns.saw(completed(1));
    turns.saw(completed(2));
    turns.saw(event({ event: "prompts_dropped", prompts: [3, 4], reason: "aborted" }));
    expect(await early).toEqual({ outcome: "completed", text: "done" });
    expect(await turns.ended(2)).toMatchObject({ outcome: "completed" });
    expect(await turns.ended(4)).toMatchObject({ outcome: "dropped" });
  });

  it("keeps nobody waiting for a session that is gone", async () => {
    const turns = createOpenTurns();
    const waiting = turns.ended(1);
    turns.lose();
    expect([await waiting, await turns.ended(2)]).toMatchObject([{ outcome: "lost" }, { outcome: "lost" }]);
  });
});
