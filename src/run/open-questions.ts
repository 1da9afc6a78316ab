import type { Question, SessionCommand } from "../spec/session.ts";

/** Questions that may be open at once: an agent that asks more has gone wrong. */
const mostOpen = 100;

/** The questions of a session that nobody has answered yet. */
export interface OpenQuestions {
  /** False when too many are open already. */
  open(question: Question): boolean;
  /** Whether it was open; it is no more. */
  answered(question: string): boolean;
  /** What is wrong with an answer; undefined = nothing. The first answer counts. */
  problemWith(command: Extract<SessionCommand, { type: "answer" }>): string | undefined;
  /** Closes all, and says which there were. */
  close(): readonly string[];
}

/** None yet. */
export function createOpenQuestions(): OpenQuestions {
  const asked = new Map<string, Question>();
  return {
    open(question) {
      if (asked.size >= mostOpen && !asked.has(question.question)) return false;
      asked.set(question.question, question);
      return true;
    },
    answered: (question) => asked.delete(question),
    problemWith({ question, answer }) {
      const found = asked.get(question);
      if (!found) return `no question "${question}" is open: it was answered already, or never asked`;
      if (!("option" in answer)) {
        return "text" in answer && found.kind !== "text" && !found.options.some(({ means }) => means === "other")
          ? `question "${question}" asks for an option: ${optionsOf(found)}`
          : undefined;
      }
      return found.options.some(({ id }) => id === answer.option)
        ? undefined
        : `question "${question}" has no option "${answer.option}", only ${optionsOf(found)}`;
    },
    close() {
      const ids = [...asked.keys()];
      asked.clear();
      return ids;
    },
  };
}

const optionsOf = ({ options }: Question) => options.map(({ id }) => id).join(", ");
