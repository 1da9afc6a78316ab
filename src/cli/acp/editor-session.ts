import { type AgentContext, type PromptRequest, type PromptResponse, RequestError } from "@agentclientprotocol/sdk";
import type { RunEvent } from "../../spec/events.ts";
import { askEditor } from "./ask-editor.ts";
import { createEditorUpdates, type EditorUpdates } from "./editor-updates.ts";
import { retell } from "./kept-sessions.ts";
import { createOpenTurns, type EndedTurn } from "./open-turns.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { promptText } from "./prompt-text.ts";
import type { SealedSession, SessionListener } from "./sealed-session.ts";

/** One session of an editor: a sealed one, and what the editor is told of it. */
export interface EditorSession {
  readonly listener: SessionListener;
  /** The sealed session runs. `notes`: what the editor's person should know first. */
  opened(sealed: SealedSession, notes: readonly string[]): void;
  /** Tells what was said before, in an earlier launch. */
  retell(events: readonly RunEvent[]): Promise<void>;
  prompt(request: PromptRequest, signal: AbortSignal): Promise<PromptResponse>;
  cancel(): Promise<void>;
  close(): Promise<void>;
}

interface Opened extends Outbox {
  readonly sealed: SealedSession;
  readonly updates: EditorUpdates;
}

/** Makes one. What is told before it is opened is the launch, and none of the editor's business. */
export function createEditorSession(editor: AgentContext, options: { readonly notices: boolean }): EditorSession {
  const turns = createOpenTurns();
  const tools = new Map<string, string>();
  let opened: Opened | undefined;
  let untold: readonly string[] = [];

  const heard = (event: RunEvent) => {
    if (event.event === "tool_started") tools.set(event.id, event.tool);
    if (event.event === "tool_completed") tools.delete(event.id);
    opened?.send(opened.updates.event(event));
    if (event.event === "question_asked" && opened) {
      const { sealed, updates, send } = opened;
      if (event.kind === "text") send(updates.note("warning", `the agent asks: ${event.title}`, sayNext));
      const about = [...tools].findLast(([, tool]) => tool === event.tool)?.[0];
      void askEditor({ editor, sealed }, event, about);
    }
    turns.saw(event);
  };
  const running = () => {
    if (!opened) throw RequestError.internalError(undefined, "the session is not open");
    return opened;
  };
  const cancel = async () => {
    // One that is over already needs no end.
    await opened?.sealed.command({ type: "abort" }).catch(() => {});
  };

  return {
    listener: {
      event: heard,
      streamed: (kind, text) => opened?.send(opened.updates.streamed(kind, text)),
      gone: turns.lose,
    },
    opened(sealed, notes) {
      const { slug, workdir } = sealed;
      const updates = createEditorUpdates({ slug, workdir, notices: options.notices });
      opened = { sealed, updates, ...createOutbox(editor, sealed) };
      untold = notes;
    },
    async retell(events) {
      const { updates, send, sent } = running();
      send(retell(events, updates));
      await sent();
    },
    async prompt(request, signal) {
      const { sealed, updates, send, sent } = running();
      const text = promptText(request.prompt);
      for (const note of untold) send(updates.note("info", note));
      untold = [];
      const { prompt } = await sealed.command({ type: "prompt", text });
      const over = () => void cancel();
      signal.addEventListener("abort", over, { once: true });
      if (signal.aborted) over();
      const end = prompt === undefined ? { outcome: "completed" as const, text: "" } : await turns.ended(prompt);
      signal.removeEventListener("abort", over);
      // The last words go first.
      await sent();
      return { stopReason: reasonOf(end, sealed.slug) };
    },
    cancel,
    close: async () => {
      await opened?.sealed.stop();
    },
  };
}

const sayNext = "It was not answered: say it in your next prompt.";

/** Why a turn stopped; throws where it came to no end of its own. */
function reasonOf({ outcome, text }: EndedTurn, slug: string): PromptResponse["stopReason"] {
  const broken = (message: string, hint: string) => new RequestError(-32_603, message, { hint });
  switch (outcome) {
    case "completed":
      return "end_turn";
    case "aborted":
    case "dropped":
      return "cancelled";
    case "failed":
      throw broken(`the turn failed: ${text}`, `caisson logs ${slug}`);
    case "interrupted":
    case "lost":
      throw broken("the sandbox has ended", `caisson inspect ${slug}`);
  }
}
