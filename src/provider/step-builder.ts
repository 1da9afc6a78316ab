import type { RunEventDraft } from "../spec/events.ts";
import type { SessionStep } from "./provider.ts";

/** Characters of one thing said that are kept together: one that goes on and on is told in parts. */
const longestPart = 256 * 1024;

/** Collects what one step of a session's codec writes and tells. Pieces of a text become one event when it is whole. */
export interface StepBuilder {
  writeLine(message: object): void;
  tell(event: RunEventDraft): void;
  /** A piece of what the model says; another kind, or another message, is another text. */
  piece(kind: "text" | "thought", text: string, message: unknown): void;
  /** What was said so far is whole. */
  flush(): void;
  /** The last text that was told since this was asked. */
  takeLastText(): string;
  takeEvents(): readonly RunEventDraft[];
  /** The step, with `events` before those that were not taken. */
  take(events?: readonly RunEventDraft[]): SessionStep;
}

/** Makes one. */
export function createStepBuilder(): StepBuilder {
  let write = "";
  let events: RunEventDraft[] = [];
  let streamed: { readonly kind: "text" | "thought"; readonly text: string }[] = [];
  let open: { kind: "text" | "thought"; text: string; message: unknown } | undefined;
  let lastText = "";

  const builder: StepBuilder = {
    writeLine(message) {
      write += `${JSON.stringify(message)}\n`;
    },
    tell(event) {
      builder.flush();
      events.push(event);
    },
    piece(kind, text, message) {
      if (text === "") return;
      if (open && (open.kind !== kind || open.message !== message || open.text.length > longestPart)) builder.flush();
      if (open) open.text += text;
      else open = { kind, text, message };
      streamed.push({ kind, text });
    },
    flush() {
      if (!open) return;
      const { kind, text } = open;
      open = undefined;
      if (kind === "text") lastText = text;
      events.push({ event: kind === "text" ? "text_produced" : "thought_produced", text });
    },
    takeLastText() {
      const text = lastText;
      lastText = "";
      return text;
    },
    takeEvents() {
      const taken = events;
      events = [];
      return taken;
    },
    take(before = []) {
      const all = [...before, ...builder.takeEvents()];
      const step = {
        ...(write !== "" && { write }),
        ...(all.length > 0 && { events: all }),
        ...(streamed.length > 0 && { streamed }),
      };
      write = "";
      streamed = [];
      return step;
    },
  };
  return builder;
}
