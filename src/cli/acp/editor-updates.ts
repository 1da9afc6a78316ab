import type { SessionUpdate, ToolCallContent } from "@agentclientprotocol/sdk";
import type { RunEvent } from "../../spec/events.ts";
import { describeTool, toolText } from "./tool-call.ts";

type Severity = "info" | "warning" | "error";

/** Turns what a session tells into what an editor is told. */
export interface EditorUpdates {
  event(event: RunEvent): readonly SessionUpdate[];
  streamed(kind: "text" | "thought", text: string): readonly SessionUpdate[];
  /** Words of ours: a notice where the editor shows those, else a line of the conversation. */
  note(severity: Severity, title: string, description?: string): readonly SessionUpdate[];
}

/** Makes one for one session. `notices`: whether the editor shows them. */
export function createEditorUpdates(context: {
  readonly slug: string;
  readonly workdir: string;
  readonly notices: boolean;
}): EditorUpdates {
  const { slug, workdir, notices } = context;
  /** Changes that a tool's use was shown with: its result is shown beside them. */
  const changes = new Map<string, readonly ToolCallContent[]>();
  const told = new Set<string>();
  const streamed = { text: "", thought: "" };

  const note: EditorUpdates["note"] = (severity, title, description) => {
    if (notices) return [{ sessionUpdate: "notice", severity, title, ...(description && { description }) }];
    const lines = [`**caisson** ${title}`, ...(description ? [description] : [])];
    return [chunk("text", `\n\n${lines.map((line) => `> ${line}`).join("\n>\n")}\n\n`)];
  };
  /** Some things happen at each request of the model anew; a person is told once. */
  const noteOnce: EditorUpdates["note"] = (severity, title, description) => {
    if (told.has(title)) return [];
    told.add(title);
    return note(severity, title, description);
  };
  /** A text as an event is whole; what was streamed of it already is not said again. */
  const whole = (kind: "text" | "thought", text: string) => {
    const before = streamed[kind];
    // Pieces of the next may be there already.
    streamed[kind] = before.startsWith(text) ? before.slice(text.length) : "";
    if (before === "") return [chunk(kind, text)];
    return text.startsWith(before) && text.length > before.length ? [chunk(kind, text.slice(before.length))] : [];
  };

  return {
    note,
    streamed(kind, text) {
      streamed[kind] += text;
      return [chunk(kind, text)];
    },
    event(event) {
      switch (event.event) {
        case "text_produced":
          return whole("text", event.text);
        case "thought_produced":
          return whole("thought", event.text);
        case "tool_started": {
          const call = describeTool(event, workdir);
          changes.set(event.id, call.content ?? []);
          return [{ sessionUpdate: "tool_call", ...call }];
        }
        case "tool_completed": {
          const content = [...(changes.get(event.id) ?? []), ...(event.output === "" ? [] : [toolText(event.output)])];
          changes.delete(event.id);
          const status = event.ok ? "completed" : "failed";
          return [{ sessionUpdate: "tool_call_update", toolCallId: event.id, status, content }];
        }
        case "turn_started":
          streamed.text = "";
          streamed.thought = "";
          return [];
        default:
          return tellNote(event, { slug, note, noteOnce });
      }
    },
  };
}

/** What the sandbox has to say: refusals, secrets that were masked, what was lost. */
function tellNote(
  event: RunEvent,
  { slug, note, noteOnce }: { readonly slug: string } & Record<"note" | "noteOnce", EditorUpdates["note"]>,
): readonly SessionUpdate[] {
  switch (event.event) {
    case "request_refused": {
      const { method, host, port, path, reason, hint } = event;
      const place = `${host}${port === 443 ? "" : `:${port}`}${path}`;
      return noteOnce("warning", `refused ${method} ${place}: ${reason}`, hint.replace("SLUG", slug));
    }
    case "placeholder_sighted": {
      const { credential, action, host, where } = event;
      if (action === "redacted")
        return noteOnce("info", `the placeholder of ${credential} was taken out of what goes to ${host}`);
      return noteOnce("error", `blocked a request to ${host}: it held the placeholder of ${credential} (${where})`);
    }
    case "workspace_guarded":
      return noteOnce("warning", `${event.path}: ${event.detail}`);
    case "policy_changed":
      return note("info", `allowed from now on: ${event.added.join(", ")}`);
    case "limit_reached":
      return note("warning", `the limit of ${event.limit} was reached: ${event.detail}`);
    case "gate_lost":
    case "sandbox_lost":
      return note("error", `${event.event === "gate_lost" ? "the gate" : "the sandbox"} is lost: ${event.reason}`);
    case "error_reported":
      return noteOnce("error", event.message);
    case "prompts_dropped":
      return note("warning", `${event.prompts.length} prompts will not be run: ${event.reason}`);
    default:
      return [];
  }
}

function chunk(kind: "text" | "thought", text: string): SessionUpdate {
  const content = { type: "text", text } as const;
  return { sessionUpdate: kind === "text" ? "agent_message_chunk" : "agent_thought_chunk", content };
}
