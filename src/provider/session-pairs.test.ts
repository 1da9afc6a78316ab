import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assistant,
  command,
  dialog,
  encode,
  events,
  item,
  lines,
  noted,
  request,
  response,
  state,
  thread,
  tool,
  turnCompleted,
  turnStarted,
} from "../../test/kit/codec-talk.ts";
import { heldBytes } from "../../test/kit/held-bytes.ts";
import { RunEvent, type RunEventDraft } from "../spec/events.ts";
import type { SessionCommand } from "../spec/session.ts";
import { createCodexSession } from "./codex-session.ts";
import { createPiSession } from "./pi-session.ts";
import type { SessionStep } from "./provider.ts";
import { providers } from "./providers.ts";

const codecs = [
  ["codex", () => createCodexSession(request)],
  ["pi", () => createPiSession(request)],
] as const;

const greetings: Readonly<Record<string, readonly object[]>> = {
  codex: [
    { id: 1, result: {} },
    { id: 2, result: { thread: { id: thread } } },
  ],
  pi: [response("1", "get_state", { data: state })],
};
/** What the CLIs say, with the ids that they would say it with: any of it at any time. */
const spoken: Readonly<Record<string, readonly object[]>> = {
  codex: [
    ...[1, 2, 3, 4, 5].flatMap((id) => [
      { id, result: { thread: { id: thread }, turn: { id: `t${id}` } } },
      { id, error: { message: "no" } },
      { id, ...noted("item/commandExecution/requestApproval", { command: "ls" }) },
      { id, ...noted("item/tool/requestUserInput", { questions: [{ id: "q", question: "?" }] }) },
      turnStarted(`t${id}`),
      turnCompleted(`t${id}`),
      item("started", command(`c${id}`)),
      item("completed", command(`c${id}`, { status: "completed" })),
      noted("serverRequest/resolved", { requestId: id }),
    ]),
    item("started", { type: "contextCompaction", id: "x" }),
    item("completed", { type: "contextCompaction", id: "x" }),
    noted("serverRequest/resolved", { requestId: { toString: 1 } }),
  ],
  pi: [
    ...[1, 2, 3, 4, 5].flatMap((id) => [
      response(`${id}`, "prompt", { data: state }),
      response(`${id}`, "prompt", { success: false, error: "no" }),
      dialog(`d${id}`, "confirm"),
      dialog(`d${id}`, "select", { options: [1, "a"] }),
      tool("tool_execution_start", { toolCallId: `c${id}`, args: {} }),
      tool("tool_execution_end", { toolCallId: `c${id}`, result: {} }),
    ]),
    ...["agent_start", "agent_settled", "compaction_start", "compaction_end"].map((type) => ({ type })),
    assistant("said"),
  ],
};
const commands: readonly SessionCommand[] = [
  { type: "prompt", text: "p" },
  { type: "steer", text: "s" },
  { type: "abort" },
  { type: "answer", question: "1", answer: { option: "allow" } },
  { type: "answer", question: "d1", answer: { cancelled: true } },
  { type: "set_model", model: "m" },
  { type: "set_thinking", level: "high" },
  { type: "compact" },
];
const evil = [
  `{"id":1,"result":${"[".repeat(100_000)}`,
  `{"type":"tool_execution_start","toolCallId":"deep","args":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
  `{"method":"item/started","params":{"item":{"type":"mcpToolCall","id":"deep","arguments":${"[".repeat(50_000)}${"]".repeat(50_000)}}}}`,
  '{"__proto__":{"type":"response"},"method":"turn/started","params":{"__proto__":{"threadId":1}}}',
  '{"type":"tool_execution_start","toolCallId":"\\ud800","toolName":"\\u0000\\u001b[2J","args":{"a":"\\ud800"}}',
  '{"method":"item/started","params":{"item":{"type":"commandExecution","id":"\\ud800","command":"\\u001b]0;x\\u0007"}}}',
];

/** What holds for the events of any codec, whatever was said to it: what begins ends, once. */
function checkPairs(told: readonly RunEventDraft[]): void {
  const open = new Set<string>();
  const begin = (key: string) => {
    expect(open).not.toContain(key);
    open.add(key);
  };
  const asked = new Set<string>();
  for (const event of told) {
    if (event.event === "turn_started") begin("turn");
    if (event.event === "turn_completed") expect(open.delete("turn")).toBe(true);
    if (event.event === "compaction_started") begin("compaction");
    if (event.event === "compaction_completed") expect(open.delete("compaction")).toBe(true);
    if (event.event === "tool_started") begin(`tool ${event.id}`);
    if (event.event === "tool_completed") expect(open.delete(`tool ${event.id}`)).toBe(true);
    if (event.event === "question_asked") {
      expect(asked).not.toContain(event.question);
      asked.add(event.question);
    }
  }
  expect([...open]).toEqual([]);
  expect(told.filter(({ event }) => event === "conversation_opened").length).toBeLessThan(2);
}

describe.each(codecs)("the codec of %s", (name, create) => {
  it("never throws for what the CLI says, and tells pairs, whatever comes in whatever order and split", () => {
    const said = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...(spoken[name] ?? [])).map((object) => encode(lines(object))) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
      { weight: 1, arbitrary: fc.constantFrom(...evil).map((line) => encode(`${line}\n`)) },
      {
        weight: 1,
        arbitrary: fc
          .json()
          .map((json) =>
            encode(`{"method":"item/completed","type":"message_end","params":${json},"message":${json}}\n`),
          ),
      },
    );
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ bytes: said, cut: fc.nat(200) }) },
      { weight: 1, arbitrary: fc.record({ command: fc.constantFrom(...commands) }) },
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 60 }), (isOpened, steps) => {
        const codec = create();
        const told = [...events(codec.open())];
        if (isOpened) told.push(...events(codec.decode(encode(lines(...(greetings[name] ?? []))))));
        const goingOn = new Set<string>();
        const note = (taken: SessionStep) => {
          for (const event of taken.events ?? []) {
            if (/^(turn|compaction)_started$/.test(event.event)) goingOn.add(event.event.split("_", 1)[0] ?? "");
            if (/^(turn|compaction)_completed$/.test(event.event)) goingOn.delete(event.event.split("_", 1)[0] ?? "");
            expect(JSON.stringify(event)).toContain(event.event);
            RunEvent.parse({ ts: "2026-01-01T00:00:00Z", seq: 1, agent: "a", ...event });
            told.push(event);
          }
        };
        for (const one of steps) {
          if ("bytes" in one) {
            note(codec.decode(one.bytes.subarray(0, one.cut)));
            note(codec.decode(one.bytes.subarray(one.cut)));
            continue;
          }
          // What the driver promises: provider.ts.
          const begins = one.command.type === "prompt" || one.command.type === "compact";
          if (begins && (goingOn.size > 0 || codec.isReady === false)) continue;
          if (["steer", "abort"].includes(one.command.type) && !goingOn.has("turn")) continue;
          try {
            note(codec.encode(one.command));
          } catch (error) {
            expect(error).toMatchObject({ code: "session_refused" });
          }
        }
        note(codec.end());
        checkPairs(told);
      }),
      { numRuns: 300 },
    );
  });
});

describe.each(Object.values(providers).flatMap(({ name, session }) => (session ? [[name, session] as const] : [])))(
  "the session codec of %s",
  (_, session) => {
    it("holds no more than a line of what has no end", () => {
      const codec = session.codec(request);
      codec.open();
      const chunk = encode("x".repeat(1024 ** 2));
      const before = heldBytes();
      for (let n = 0; n < 64; n++) codec.decode(chunk);
      expect(heldBytes() - before).toBeLessThan(32 * 1024 ** 2);
      codec.decode(encode("\n"));
      codec.end();
    });
  },
);
