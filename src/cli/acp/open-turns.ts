import type { RunEvent } from "../../spec/events.ts";
import type { TurnEnd } from "../../spec/session.ts";

/** How a prompt's turn ended; `dropped`: it was never run. */
export interface EndedTurn {
  readonly outcome: TurnEnd | "dropped" | "lost";
  readonly text: string;
}

/** The turns that somebody waits for. Ends that are told before anybody waits are kept for whoever will. */
export interface OpenTurns {
  ended(prompt: number): Promise<EndedTurn>;
  saw(event: RunEvent): void;
  /** The session is gone: no turn will end any more. */
  lose(): void;
}

/** Keeps them, for one session. */
export function createOpenTurns(): OpenTurns {
  const turns = new Map<number, PromiseWithResolvers<EndedTurn>>();
  let isLost = false;
  const turn = (prompt: number) => {
    const known = turns.get(prompt) ?? Promise.withResolvers<EndedTurn>();
    turns.set(prompt, known);
    if (isLost) known.resolve({ outcome: "lost", text: "" });
    return known;
  };
  return {
    async ended(prompt) {
      const end = await turn(prompt).promise;
      turns.delete(prompt);
      return end;
    },
    saw(event) {
      if (event.event === "turn_completed" && event.prompt !== undefined)
        turn(event.prompt).resolve({ outcome: event.outcome, text: event.text });
      if (event.event === "prompts_dropped")
        for (const prompt of event.prompts) turn(prompt).resolve({ outcome: "dropped", text: event.reason });
    },
    lose() {
      isLost = true;
      for (const { resolve } of turns.values()) resolve({ outcome: "lost", text: "" });
    },
  };
}
