import type { RunEventDraft } from "../spec/events.ts";
import type { Answer, Question } from "../spec/session.ts";
import { objectIn, objectsIn, type StreamObject, textIn } from "./json-line-decoder.ts";

/** What the CLI is told, as the answer to its request for leave to use a tool. */
export type ToolLeave = Readonly<Record<string, unknown>>;

/** A request of the CLI that waits for a person. */
export interface ToolRequest {
  readonly asked: readonly Question[];
  /** Undefined while other questions of the same request are open. */
  answer(question: string, answer: Answer): ToolLeave | undefined;
}

/** Reads a `can_use_tool` request: leave for a tool, or the questions of the CLI's own question tool. */
export function readToolRequest(id: string, request: StreamObject): ToolRequest {
  const tool = textIn(request, "tool_name");
  const input = objectIn(request, "input");
  const questions = tool === "AskUserQuestion" ? objectsIn(input, "questions") : [];
  return questions.length > 0 ? choiceRequest(id, input, questions) : permissionRequest(id, tool, request);
}

/** The question as an event. */
export const questionAsked = (question: Question): RunEventDraft => ({ event: "question_asked", ...question });

function permissionRequest(id: string, tool: string, request: StreamObject): ToolRequest {
  const input = objectIn(request, "input");
  const suggestions = objectsIn(request, "permission_suggestions");
  const always = { id: "allow_always", label: "Allow for the session", means: "allow_always" } as const;
  const title = [tool, textIn(request, "description")].filter((text) => text !== "").join(": ");
  return {
    asked: [
      {
        question: id,
        kind: "permission",
        title: title === "" ? "Use a tool" : title,
        tool,
        input,
        options: [
          { id: "allow", label: "Allow", means: "allow" },
          ...(suggestions.length > 0 ? [always] : []),
          { id: "deny", label: "Deny", means: "deny" },
        ],
      },
    ],
    answer(_, answer) {
      const option = "option" in answer ? answer.option : "deny";
      if (option === "deny") return { behavior: "deny", message: "The person did not allow it." };
      const forGood = suggestions.map((suggestion) => ({ ...suggestion, destination: "session" }));
      return {
        behavior: "allow",
        updatedInput: input,
        ...(option === "allow_always" && { updatedPermissions: forGood }),
      };
    },
  };
}

/** Several questions come in one request: it is answered when all are. */
function choiceRequest(id: string, input: StreamObject, questions: readonly StreamObject[]): ToolRequest {
  const answers = new Map<number, string>();
  const idOf = (index: number) => (questions.length === 1 ? id : `${id}.${index + 1}`);
  const labelsOf = (question: StreamObject | undefined) =>
    objectsIn(question ?? {}, "options").map((option) => textIn(option, "label"));
  return {
    asked: questions.map((question, index) => ({
      question: idOf(index),
      kind: "choice",
      title: textIn(question, "question"),
      options: labelsOf(question).map((label, n) => ({ id: String(n + 1), label, means: "other" as const })),
    })),
    answer(question, answer) {
      if ("cancelled" in answer) return { behavior: "deny", message: "The person did not answer." };
      const index = questions.findIndex((_, n) => idOf(n) === question);
      const said = "text" in answer ? answer.text : labelsOf(questions[index])[Number(answer.option) - 1];
      answers.set(index, said ?? "");
      if (answers.size < questions.length) return undefined;
      const told = Object.fromEntries(questions.map((one, n) => [textIn(one, "question"), answers.get(n) ?? ""]));
      return { behavior: "allow", updatedInput: { ...input, answers: told } };
    },
  };
}
