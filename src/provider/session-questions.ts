import type { Answer, Question } from "../spec/session.ts";
import { providerFailure } from "./errors.ts";
import type { SessionOutput } from "./session-output.ts";

/** Questions that may be open at once: a CLI that asks more has gone wrong. */
const mostOpen = 100;
/** Ids that are remembered, so that what a CLI says twice is asked once. */
const mostRemembered = 1000;

/** Gives the CLI an answer; why not, when it does not fit what was asked. */
type TellCli = (answer: Answer) => string | undefined;

/** The questions of a CLI that wait for a person: each is told once, and taken back once. */
export interface SessionQuestions {
  /** One that was asked already is not asked again; one too many is answered with nothing at once. */
  ask(question: Question, tellCli: TellCli): void;
  /** Throws `session_refused` for what does not fit, and for a question that is not open. */
  answer(id: string, answer: Answer): void;
  /** The CLI no longer waits for it. */
  withdraw(id: string): void;
  /** Nobody will answer any more; `tellCli`: the CLI must hear it, as it waits. */
  withdrawAll(options: { readonly tellCli: boolean }): void;
}

/** Makes a table of open questions. */
export function createSessionQuestions(agent: string, out: SessionOutput): SessionQuestions {
  const open = new Map<string, TellCli>();
  const asked = new Set<string>();
  const refuse = (why: string) => providerFailure("session_refused", { agent, why });
  const remember = (id: string) => {
    asked.add(id);
    const [oldest] = asked;
    if (asked.size > mostRemembered && oldest !== undefined) asked.delete(oldest);
  };
  const withdraw = (question: string) => {
    if (open.delete(question)) out.tell({ event: "question_answered", question, answer: { cancelled: true } });
  };
  return {
    ask(question, tellCli) {
      if (asked.has(question.question)) return;
      if (open.size >= mostOpen) {
        tellCli({ cancelled: true });
        return;
      }
      remember(question.question);
      open.set(question.question, tellCli);
      out.tell({ event: "question_asked", ...question });
    },
    answer(id, answer) {
      const tellCli = open.get(id);
      if (!tellCli) throw refuse(`no question ${id} is open`);
      const why = tellCli(answer);
      if (why !== undefined) throw refuse(why);
      open.delete(id);
    },
    withdraw,
    withdrawAll({ tellCli }) {
      for (const [id, tell] of [...open]) {
        if (tellCli) tell({ cancelled: true });
        withdraw(id);
      }
    },
  };
}
