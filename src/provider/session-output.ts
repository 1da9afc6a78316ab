import type { RunEventDraft } from "../spec/events.ts";
import type { SessionStep } from "./provider.ts";

/** Collects what one step of a codec writes, tells and streams. */
export interface SessionOutput {
  /** One line for the CLI. */
  write(message: object): void;
  tell(...events: readonly RunEventDraft[]): void;
  stream(kind: "text" | "thought", text: string): void;
  /** The step so far; the next one begins. */
  take(): SessionStep;
}

/** Makes an output with nothing in it. */
export function createSessionOutput(): SessionOutput {
  let lines = "";
  let events: RunEventDraft[] = [];
  let streamed: { readonly kind: "text" | "thought"; readonly text: string }[] = [];
  return {
    write(message) {
      lines += `${JSON.stringify(message)}\n`;
    },
    tell(...told) {
      events.push(...told);
    },
    stream(kind, text) {
      if (text !== "") streamed.push({ kind, text });
    },
    take() {
      const step = {
        ...(lines === "" ? {} : { write: lines }),
        ...(events.length === 0 ? {} : { events }),
        ...(streamed.length === 0 ? {} : { streamed }),
      };
      lines = "";
      events = [];
      streamed = [];
      return step;
    },
  };
}
