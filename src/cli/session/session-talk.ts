import type { KeeperClient } from "../../run/keeper-client.ts";
import type { RunEvent } from "../../spec/events.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";
import type { Question, SessionCommand, TurnEnd } from "../../spec/session.ts";

type Reply = Extract<FromKeeper, { type: "accepted" | "failed" }>;
/** How a prompt came out; `dropped`: it waited for a turn's end, and was not run. */
export interface PromptEnd {
  readonly outcome: TurnEnd | "dropped";
  readonly text: string;
}

/** One client's side of a session: commands with their replies, and what is known of it from its events. */
export interface SessionTalk {
  /** Undefined when the keeper is gone. */
  say(command: SessionCommand): Promise<Reply | undefined>;
  /** Waits for the end of the turn that answers a prompt; undefined when the keeper is gone first. */
  endOf(prompt: number): Promise<PromptEnd | undefined>;
  abort(): void;
  readonly isAtWork: boolean;
  readonly isAborting: boolean;
  /** The questions that nobody has answered, oldest first. */
  readonly questions: readonly Question[];
}

/** Listens from now on: `attach` comes after it. */
export function createSessionTalk(client: KeeperClient): SessionTalk {
  const ends = new Map<number, PromptEnd>();
  const waiting = new Map<number, (end: PromptEnd) => void>();
  const questions = new Map<string, Question>();
  let isAtWork = false;
  let isAborting = false;
  let said = 0;

  const end = (prompt: number, how: PromptEnd) => {
    ends.set(prompt, how);
    waiting.get(prompt)?.(how);
  };
  const learn = (event: RunEvent) => {
    switch (event.event) {
      case "turn_started":
        isAtWork = true;
        return;
      case "turn_completed":
        isAtWork = false;
        isAborting = false;
        if (event.prompt !== undefined) end(event.prompt, { outcome: event.outcome, text: event.text });
        return;
      case "prompts_dropped":
        for (const prompt of event.prompts) end(prompt, { outcome: "dropped", text: event.reason });
        return;
      case "question_asked":
        questions.set(event.question, event);
        return;
      case "question_answered":
        questions.delete(event.question);
        return;
      default:
    }
  };
  client.onMessage((message) => {
    if (message.type === "event") learn(message.event);
  });
  const say = (command: SessionCommand) => {
    said += 1;
    const id = `say-${said}`;
    const reply = client.next((m): m is Reply => (m.type === "accepted" || m.type === "failed") && m.id === id);
    client.send({ type: "command", id, command });
    return reply;
  };
  return {
    say,
    endOf: (prompt) => {
      const known = ends.get(prompt);
      if (known) return Promise.resolve(known);
      return Promise.race([
        new Promise<PromptEnd>((resolve) => waiting.set(prompt, resolve)),
        client.closed.then(() => undefined),
      ]);
    },
    abort: () => {
      isAborting = true;
      void say({ type: "abort" });
    },
    get isAtWork() {
      return isAtWork;
    },
    get isAborting() {
      return isAborting;
    },
    get questions() {
      return [...questions.values()];
    },
  };
}
