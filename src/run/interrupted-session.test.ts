import { expect, it } from "vitest";
import type { RunEvent, RunEventDraft } from "../spec/events.ts";
import { interruptionOf } from "./interrupted-session.ts";

const numbered = (...drafts: readonly RunEventDraft[]) =>
  drafts.map((draft, index) => ({ ts: "", seq: index + 1, agent: "a", ...draft }) as RunEvent);
const prompt: RunEventDraft = { event: "prompt_received", kind: "prompt", text: "x" };
const followUp: RunEventDraft = { event: "prompt_received", kind: "follow_up", text: "y" };

it("marks the turn that went on, and drops what waited", () => {
  expect(interruptionOf(numbered(prompt, { event: "turn_started", prompt: 1 }, followUp))).toEqual([
    { event: "turn_completed", prompt: 1, outcome: "interrupted", text: "" },
    { event: "prompts_dropped", prompts: [3], reason: "the session was interrupted" },
  ]);
});

it("takes the first prompt as begun where no turn was told: the agent may have got it", () => {
  expect(interruptionOf(numbered(prompt, followUp))).toEqual([
    { event: "turn_started", prompt: 1 },
    { event: "turn_completed", prompt: 1, outcome: "interrupted", text: "" },
    { event: "prompts_dropped", prompts: [2], reason: "the session was interrupted" },
  ]);
});

it("withdraws questions that are open, and is silent when it was told already, or there was no session", () => {
  const asked: RunEventDraft = { event: "question_asked", question: "q", kind: "text", title: "?", options: [] };
  const started: RunEventDraft = { event: "turn_started", prompt: 1 };
  const marked = interruptionOf(numbered(prompt, started, asked));
  expect(marked[0]).toEqual({ event: "question_answered", question: "q", answer: { cancelled: true } });
  expect(interruptionOf(numbered(prompt, started, asked, ...marked))).toEqual([]);
  expect(interruptionOf(numbered({ event: "text_produced", text: "x" }))).toEqual([]);
});
