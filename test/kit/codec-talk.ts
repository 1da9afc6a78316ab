import { createCodexSession } from "../../src/provider/codex-session.ts";
import { createPiSession } from "../../src/provider/pi-session.ts";
import type { SessionCodec, SessionRequest, SessionStep } from "../../src/provider/provider.ts";
import type { SessionCommand } from "../../src/spec/session.ts";

export const request: SessionRequest = {
  home: "/home/agent",
  workdir: "/w",
  binary: "/opt/cli",
  signedInWith: [],
  skills: [],
  asks: true,
};
export const encode = (text: string) => new TextEncoder().encode(text);
export const lines = (...objects: readonly object[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join("");
export const written = (step: SessionStep): readonly Record<string, unknown>[] =>
  (step.write ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** A conversation with a CLI: what it says is what was seen on its wire, cut short. */
export const talkTo = (codec: SessionCodec) => ({
  codec,
  /** What the codec does when the CLI says this. */
  hear: (...objects: readonly object[]) => codec.decode(encode(lines(...objects))),
  say: (command: SessionCommand) => codec.encode(command),
});
export const events = (...steps: readonly SessionStep[]) => steps.flatMap((step) => step.events ?? []);

export const thread = "01a1feff";
export const noted = (method: string, params: object) => ({ method, params: { threadId: thread, ...params } });
export const turnStarted = (id: string) => noted("turn/started", { turn: { id, status: "inProgress" } });
export const turnCompleted = (id: string, more: object = { status: "completed" }) =>
  noted("turn/completed", { turn: { id, items: [], error: null, ...more } });
export const item = (method: "started" | "completed", fields: object) => noted(`item/${method}`, { item: fields });
export const command = (id: string, more: object = {}) => ({
  type: "commandExecution",
  id,
  command: "/bin/bash -lc ls",
  status: "inProgress",
  aggregatedOutput: null,
  exitCode: null,
  ...more,
});
export const openCodex = (more: Partial<SessionRequest> = {}) => {
  const talk = talkTo(createCodexSession({ ...request, ...more }));
  const opened = [
    talk.codec.open(),
    talk.hear({ id: 1, result: { userAgent: "codex" } }),
    talk.hear({ id: 2, result: { thread: { id: thread }, model: "gpt-5.1" } }),
  ];
  return { ...talk, opened };
};

export const response = (id: string, command: string, more: object = {}) => ({
  id,
  type: "response",
  command,
  success: true,
  ...more,
});
export const state = { sessionId: "01a1", model: { provider: "anthropic" }, thinkingLevel: "medium", messageCount: 0 };
export const openPi = (more: Partial<SessionRequest> = {}, data: object = state) => {
  const talk = talkTo(createPiSession({ ...request, ...more }));
  const opened = [talk.codec.open(), talk.hear(response("1", "get_state", { data }))];
  return { ...talk, opened };
};
export const assistant = (text: string, more: object = {}) => ({
  type: "message_end",
  message: {
    role: "assistant",
    content: [
      { type: "thinking", thinking: "hm" },
      { type: "text", text },
    ],
    stopReason: "stop",
    ...more,
  },
});
export const tool = (type: string, more: object) => ({ type, toolCallId: "t1", toolName: "bash", ...more });
export const dialog = (id: string, method: string, more: object = {}) => ({
  type: "extension_ui_request",
  id,
  method,
  title: "May I?",
  ...more,
});
