import type { RunEvent, RunEventDraft } from "../spec/events.ts";

/** The prompts of a session that have had no turn yet and were not dropped, and the turn that is not over. */
export interface OpenPrompts {
  readonly waiting: readonly number[];
  readonly turn: { readonly prompt?: number } | undefined;
  readonly questions: readonly string[];
}

/** What is open after these events. Pure. */
export function openPrompts(events: readonly RunEvent[]): OpenPrompts {
  const waiting = new Set<number>();
  const questions = new Set<string>();
  let turn: { readonly prompt?: number } | undefined;
  for (const event of events) {
    if (event.event === "prompt_received" && event.kind !== "steer") waiting.add(event.seq);
    if (event.event === "prompts_dropped") for (const prompt of event.prompts) waiting.delete(prompt);
    if (event.event === "turn_started") {
      turn = event.prompt === undefined ? {} : { prompt: event.prompt };
      if (event.prompt !== undefined) waiting.delete(event.prompt);
    }
    if (event.event === "turn_completed") {
      turn = undefined;
      if (event.prompt !== undefined) waiting.delete(event.prompt);
    }
    if (event.event === "question_asked") questions.add(event.question);
    if (event.event === "question_answered") questions.delete(event.question);
  }
  return { waiting: [...waiting], turn, questions: [...questions] };
}

/** What a keeper that died could not tell any more: nothing of it is run again by itself. */
export function interruptionOf(events: readonly RunEvent[]): readonly RunEventDraft[] {
  const { waiting, turn, questions } = openPrompts(events);
  const drafts: RunEventDraft[] = questions.map((question) => ({
    event: "question_answered",
    question,
    answer: { cancelled: true },
  }));
  // One that the CLI may have got already counts as its turn: who was killed in between cannot say.
  const [first, ...rest] = waiting;
  const begun = turn ?? (first === undefined ? undefined : { prompt: first });
  const dropped = turn ? waiting : rest;
  if (begun && !turn) drafts.push({ event: "turn_started", ...begun });
  if (begun) drafts.push({ event: "turn_completed", ...begun, outcome: "interrupted", text: "" });
  if (dropped.length > 0) {
    drafts.push({ event: "prompts_dropped", prompts: [...dropped], reason: "the session was interrupted" });
  }
  return drafts;
}
