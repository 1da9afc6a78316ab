import type { RunEventDraft } from "../spec/events.ts";
import type { SessionOutput } from "./session-output.ts";

type Started = Extract<RunEventDraft, { event: "tool_started" }>;
type Completed = Extract<RunEventDraft, { event: "tool_completed" }>;

/** Tools that may run at once: beyond it a CLI has gone wrong, and no more are told. */
const mostOpen = 1000;

/** Tells tool uses in pairs, whatever the CLI says twice or never. */
export interface SessionTools {
  start(started: Omit<Started, "event">): void;
  /** A tool that was told of only now is told whole. */
  complete(started: Omit<Started, "event">, completed: Omit<Completed, "event" | "id">): void;
  /** The turn is over: what still ran was cut off with it, or goes on unseen. */
  closeAll(how: "cut" | "unseen"): void;
}

/** Makes a table of the tools that run. */
export function createSessionTools(out: SessionOutput): SessionTools {
  const open = new Set<string>();
  const start = (started: Omit<Started, "event">) => {
    if (open.has(started.id) || open.size >= mostOpen) return;
    open.add(started.id);
    out.tell({ event: "tool_started", ...started });
  };
  return {
    start,
    complete(started, completed) {
      start(started);
      if (open.delete(started.id)) out.tell({ event: "tool_completed", id: started.id, ...completed });
    },
    closeAll(how) {
      const end = how === "cut" ? { ok: false, output: "" } : { ok: true, output: "(it goes on in the background)" };
      for (const id of open) out.tell({ event: "tool_completed", id, ...end });
      open.clear();
    },
  };
}
