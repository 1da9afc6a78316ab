import type { RunEventDraft } from "../spec/events.ts";

/** Tool uses that are followed at once: past this the oldest is told as over. */
const mostTools = 10_000;

/** What has begun in a stream of events and is not over yet. */
export interface OpenPairs {
  /** What to tell before this event, so that what begins ends once, and what ends began; then the event is taken as told. */
  before(draft: RunEventDraft): readonly RunEventDraft[];
}

/** Keeps pairs of events pairs, whatever a CLI says or whenever it dies. Memory is bounded. */
export function createOpenPairs(): OpenPairs {
  const tools = new Set<string>();
  const questions = new Set<string>();
  let isCompacting = false;
  let turn: { readonly prompt?: number | undefined } | undefined;

  const closeTool = (id: string): RunEventDraft => {
    tools.delete(id);
    return { event: "tool_completed", id, ok: false, output: "" };
  };
  const closeQuestion = (question: string): RunEventDraft => {
    questions.delete(question);
    return { event: "question_answered", question, answer: { cancelled: true } };
  };
  const closeWork = (): readonly RunEventDraft[] => {
    const compaction: RunEventDraft[] = isCompacting ? [{ event: "compaction_completed", ok: false }] : [];
    isCompacting = false;
    return [...[...tools].map(closeTool), ...[...questions].map(closeQuestion), ...compaction];
  };
  const closeTurn = (): readonly RunEventDraft[] => {
    if (!turn) return [];
    const { prompt } = turn;
    turn = undefined;
    const numbered = prompt === undefined ? {} : { prompt };
    return [{ event: "turn_completed", ...numbered, outcome: "interrupted", text: "" }];
  };
  const beginTool = (id: string): readonly RunEventDraft[] => {
    const [oldest] = tools;
    const over = tools.has(id) ? [id] : tools.size >= mostTools && oldest !== undefined ? [oldest] : [];
    const told = over.map(closeTool);
    tools.add(id);
    return told;
  };

  return {
    before(draft) {
      switch (draft.event) {
        case "tool_started":
          return beginTool(draft.id);
        case "tool_completed":
          // The line that told its beginning was left out, or the CLI never told it.
          return tools.delete(draft.id) ? [] : [{ event: "tool_started", id: draft.id, tool: "unknown", input: null }];
        case "question_asked":
          questions.add(draft.question);
          return [];
        case "question_answered":
          questions.delete(draft.question);
          return [];
        case "compaction_started":
          isCompacting = true;
          return [];
        case "compaction_completed":
          isCompacting = false;
          return [];
        case "turn_started": {
          const told = turn ? [...closeWork(), ...closeTurn()] : [];
          turn = { prompt: draft.prompt };
          return told;
        }
        case "turn_completed": {
          turn = undefined;
          // After one that ended well a tool may go on in the background.
          return draft.outcome === "completed" ? [] : closeWork();
        }
        case "run_completed":
          return [...closeWork(), ...closeTurn()];
        default:
          return [];
      }
    },
  };
}
