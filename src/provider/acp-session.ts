import type { Answer, SessionCommand, ThinkingLevel } from "../spec/session.ts";
import { type AcpOpening, openAcpConversation } from "./acp-opening.ts";
import { createAcpPeer } from "./acp-peer.ts";
import { createAcpPermissions } from "./acp-permissions.ts";
import { createAcpSettings } from "./acp-settings.ts";
import { createAcpToolCalls } from "./acp-tool-calls.ts";
import { createAcpWork } from "./acp-work.ts";
import { providerFailure } from "./errors.ts";
import { createJsonLineDecoder, objectIn, objectsIn, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { SessionCodec, SessionStep } from "./provider.ts";
import { createStepBuilder, type StepBuilder } from "./step-builder.ts";

/** What a known agent does and does not say. */
interface AcpHabits {
  /** When it tells all that a tool is given: at the call (which is the usual), or once it begins to work. */
  readonly toolInput?: "call" | "progress";
  /** It takes a model that it did not list. */
  readonly takesAnyModel?: boolean;
  /** It has the command to sum up, and does not announce it. */
  readonly compacts?: boolean;
}

/** What a conversation over the Agent Client Protocol needs to know beforehand. */
export interface AcpSessionOptions extends AcpOpening {
  /** Otherwise each permission that it asks for is given at once: the sandbox is the permission system. */
  readonly asks: boolean;
  /** Said before the first prompt of a new conversation. */
  readonly instructions?: string | undefined;
  readonly habits?: AcpHabits;
}

/** Speaks version 1 of the Agent Client Protocol as its client, JSON-RPC in lines. */
export function createAcpSession(options: AcpSessionOptions): SessionCodec {
  const session = createState(options);
  const { agent, step, peer, work } = session;
  const lines = createJsonLineDecoder(agent, (message) => {
    peer.read(message);
    return step.takeEvents();
  });
  return {
    get isReady() {
      return session.isReady;
    },
    open() {
      openAcpConversation(session, options, session.opened);
      return step.take();
    },
    encode(command) {
      obey(session, command);
      return step.take();
    },
    decode: (bytes) => step.take(lines.decode(bytes)),
    end(): SessionStep {
      const events = lines.end();
      session.problem ??= "it has ended";
      work.finish("interrupted", "");
      const { write: _, ...told } = step.take(events);
      return told;
    },
  };
}

type State = ReturnType<typeof createState>;

function createState(options: AcpSessionOptions) {
  const { agent, resume, habits = {} } = options;
  const step = createStepBuilder();
  const peer = createAcpPeer(step.writeLine, {
    asked: (id, method, params) => asked(state, id, method, params),
    notified: (method, params) => notified(state, method, params),
  });
  const tools = createAcpToolCalls(step, habits.toolInput ?? "call");
  const permissions = createAcpPermissions({ asks: options.asks, step, peer, tools });
  const over = () => {
    tools.endAll();
    permissions.cancelAll();
  };
  const state = {
    agent,
    step,
    peer,
    tools,
    permissions,
    work: createAcpWork({ peer, step, over }),
    settings: createAcpSettings(habits.takesAnyModel ?? false),
    untold: resume === undefined ? options.instructions : undefined,
    isReady: false,
    canCompact: habits.compacts ?? false,
    /** Its id, once it is open. */
    conversation: undefined as string | undefined,
    /** Why nothing can be said to it any more. */
    problem: undefined as string | undefined,
    opened(outcome: { readonly conversation: string } | { readonly problem: string }) {
      state.isReady = true;
      if ("conversation" in outcome) {
        state.conversation = outcome.conversation;
        return;
      }
      state.problem = outcome.problem;
      step.tell({ event: "error_reported", message: outcome.problem });
    },
  };
  return state;
}

/** What a person says. Throws for what cannot be done. */
function obey(state: State, command: SessionCommand): void {
  const { agent, work, conversation } = state;
  if (state.problem !== undefined) throw refusal(agent, state.problem);
  if (conversation === undefined) throw refusal(agent, "its conversation is not open yet");
  switch (command.type) {
    case "prompt":
      if (work.isBusy) throw refusal(agent, "a turn goes on");
      work.begin("turn", conversation, firstWords(state, command.text));
      break;
    case "steer":
    case "follow_up":
      throw unsupported(agent, "be steered");
    case "abort":
      if (!work.isBusy) throw refusal(agent, "no turn goes on");
      state.permissions.cancelAll();
      work.abort(conversation);
      break;
    case "answer":
      answer(state, command.question, command.answer);
      break;
    case "set_model":
      change(state, { what: "model", wish: command.model, conversation });
      break;
    case "set_thinking":
      change(state, { what: "thinking", wish: command.level, conversation });
      break;
    case "compact":
      if (!state.canCompact) throw unsupported(agent, "sum the conversation up");
      if (work.isBusy) throw refusal(agent, "a turn goes on");
      work.begin("compaction", conversation, "/compact");
      break;
    default:
      command satisfies never;
  }
}

function firstWords(state: State, prompt: string): string {
  const { untold } = state;
  state.untold = undefined;
  return untold === undefined ? prompt : `${untold}\n\n${prompt}`;
}

function answer({ agent, permissions }: State, question: string, given: Answer): void {
  const problem = permissions.answer(question, given);
  if (problem !== undefined) throw refusal(agent, problem);
}

function change(
  { agent, settings, step, peer }: State,
  wanted: { readonly what: "model" | "thinking"; readonly wish: string; readonly conversation: string },
): void {
  const { what, wish, conversation } = wanted;
  const asked = settings.change(what, wish, conversation);
  if (asked === undefined) throw unsupported(agent, what === "model" ? "change its model" : `think at level ${wish}`);
  const tell = () => {
    if (what === "model") step.tell({ event: "model_changed", model: wish });
    else step.tell({ event: "thinking_changed", level: wish as ThinkingLevel });
  };
  if (asked === "is so") tell();
  else {
    peer.request(asked.method, asked.params, (reply) => {
      if (reply.ok) {
        settings.read(reply.result);
        tell();
      } else step.tell({ event: "error_reported", message: `${agent} keeps its ${what}: ${reply.message}` });
    });
  }
}

const refusal = (agent: string, why: string) => providerFailure("session_refused", { agent, why });
const unsupported = (agent: string, what: string) => providerFailure("session_unsupported", { agent, what });

/** What the agent tells. Before the conversation is open that is one of earlier, told again: it was told when it happened. */
function notified(state: State, method: string, params: StreamObject): void {
  const { conversation, settings, permissions } = state;
  if (method === "$/cancel_request") permissions.withdraw(params.requestId);
  const isOurs = conversation === undefined || params.sessionId === conversation;
  if (method !== "session/update" || !isOurs) return;
  const update = objectIn(params, "update");
  switch (update.sessionUpdate) {
    case "available_commands_update":
      state.canCompact ||= objectsIn(update, "availableCommands").some(({ name }) => name === "compact");
      break;
    case "config_option_update":
      settings.read(update);
      break;
    default:
      if (conversation !== undefined) tellUpdate(state, update);
  }
}

function tellUpdate({ step, tools }: State, update: StreamObject): void {
  switch (update.sessionUpdate) {
    case "agent_message_chunk":
      tellPiece(step, "text", update);
      break;
    case "agent_thought_chunk":
      tellPiece(step, "thought", update);
      break;
    case "tool_call":
    case "tool_call_update":
      step.flush();
      tools.seen(update);
      break;
    default:
  }
}

/** A piece of what is said: a text, or what kind of thing it is. */
function tellPiece(step: StepBuilder, kind: "text" | "thought", update: StreamObject): void {
  const content = objectIn(update, "content");
  const text = content.type === "text" ? textIn(content, "text") : `[${textIn(content, "type")}]`;
  step.piece(kind, text, update.messageId);
}

/** What the agent asks. Files and terminals are its own: what it needs is inside with it. */
function asked(
  { peer, permissions, work, conversation }: State,
  id: unknown,
  method: string,
  params: StreamObject,
): void {
  if (method !== "session/request_permission") peer.refuse(id, method);
  else permissions.asked(id, params, !work.isBusy || work.isAborted || params.sessionId !== conversation);
}
