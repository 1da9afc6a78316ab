import type { SessionCommand, ThinkingLevel, TurnEnd } from "../spec/session.ts";
import {
  contentText,
  createJsonLines,
  type JsonLine,
  objectIn,
  type StreamObject,
  textIn,
} from "./json-line-decoder.ts";
import { readPiDialog } from "./pi-dialogs.ts";
import { readAssistant } from "./pi-stream.ts";
import type { SessionCodec, SessionRequest } from "./provider.ts";
import { createSessionOutput } from "./session-output.ts";
import { createSessionQuestions } from "./session-questions.ts";
import { createSessionTools } from "./session-tools.ts";

const agent = "pi";

/** pi gives a model the nearest level that it has, and tells which. */
export const thinkingLevels: readonly ThinkingLevel[] = ["off", "minimal", "low", "medium", "high", "xhigh"];

/** What is done with the response to a command of ours; undefined stands for a refusal, which says why. */
type Then = (data: StreamObject | undefined, why: string) => void;

/** A turn of ours: from a prompt until pi has settled, retries and steering included. */
interface Turn {
  /** Whether the model was asked at all: a command of an extension's is done without. */
  isRunning: boolean;
  isAborted: boolean;
}

/** Speaks `pi --mode rpc`: commands and their responses by id, and what happens in between. */
export function createPiSession(request: SessionRequest): SessionCodec {
  const out = createSessionOutput();
  const lines = createJsonLines(agent);
  const tools = createSessionTools(out);
  const questions = createSessionQuestions(agent, out);
  const asked = new Map<string, Then>();
  let requests = 0;
  let isReady = false;
  let turn: Turn | undefined;
  let isCompacting = false;
  let last: { readonly ok: boolean; readonly text: string } | undefined;
  /** The provider of the model in use: a model that is named without one is of the same. */
  let provider = "";
  let level = "";
  let changesTold = 0;

  const ask = (type: string, fields: object, then: Then = reportRefusal) => {
    requests += 1;
    asked.set(`${requests}`, then);
    out.write({ id: `${requests}`, type, ...fields });
  };
  const reportRefusal: Then = (data, why) => {
    if (!data) out.tell({ event: "error_reported", message: why });
  };

  const beginTurn = () => {
    turn = { isRunning: false, isAborted: false };
    last = undefined;
    out.tell({ event: "turn_started" });
  };
  const completeTurn = (outcome: TurnEnd, text: string) => {
    if (!turn) return;
    completeCompaction(false);
    tools.closeAll(outcome === "completed" ? "unseen" : "cut");
    questions.withdrawAll({ tellCli: false });
    turn = undefined;
    out.tell({ event: "turn_completed", outcome, text });
  };
  const settle = () => {
    const { ok = true, text = "" } = last ?? {};
    completeTurn(turn?.isAborted ? "aborted" : ok ? "completed" : "failed", text);
  };
  const beginCompaction = () => {
    if (isCompacting) return;
    isCompacting = true;
    out.tell({ event: "compaction_started" });
  };
  const completeCompaction = (ok: boolean) => {
    if (!isCompacting) return;
    isCompacting = false;
    out.tell({ event: "compaction_completed", ok });
  };
  const prompt = (text: string) => {
    beginTurn();
    ask("prompt", { message: text, streamingBehavior: "steer" }, (data, why) => {
      if (!data) return completeTurn("failed", why);
      // It may be done already, without a word to the model: an extension's command.
      if (turn && !turn.isRunning) ask("get_state", {}, completeIfIdle);
    });
  };
  const completeIfIdle: Then = (state) => {
    const isIdle = state !== undefined && state.isStreaming !== true && state.isCompacting !== true;
    if (isIdle && turn && !turn.isRunning) settle();
  };
  const abort = () => {
    if (turn) turn.isAborted = true;
    // It would wait for its dialogs for ever, and go on with what is queued.
    questions.withdrawAll({ tellCli: true });
    ask("clear_queue", {});
    ask("abort", {}, () => settle());
  };
  const setModel = (name: string) => {
    const slash = name.indexOf("/");
    const chosen =
      slash < 0 ? { provider, modelId: name } : { provider: name.slice(0, slash), modelId: name.slice(slash + 1) };
    ask("set_model", chosen, (model, why) => {
      if (!model) return reportRefusal(model, why);
      provider = textIn(model, "provider") || chosen.provider;
      out.tell({ event: "model_changed", model: `${provider}/${textIn(model, "id") || chosen.modelId}` });
    });
  };
  const setThinking = (wished: ThinkingLevel) => {
    const before = changesTold;
    ask("set_thinking_level", { level: wished }, (data, why) => {
      // It tells a change by itself, of the level that the model has; one that it has already it does not.
      if (!data) reportRefusal(data, why);
      else if (changesTold === before) tellThinking(level || wished);
    });
  };
  const tellThinking = (told: string) => {
    const known = thinkingLevels.find((one) => one === told);
    level = told;
    changesTold += 1;
    if (known !== undefined) out.tell({ event: "thinking_changed", level: known });
  };

  const readState: Then = (state, why) => {
    isReady = true;
    if (!state) return reportRefusal(state, why);
    provider = textIn(objectIn(state, "model"), "provider");
    level = textIn(state, "thinkingLevel");
    const hasHistory = typeof state.messageCount === "number" && state.messageCount > 0;
    const conversation = textIn(state, "sessionId");
    out.tell({ event: "conversation_opened", conversation, resumed: request.resume !== undefined && hasHistory });
  };
  const readResponse = (object: StreamObject) => {
    const id = textIn(object, "id");
    const then = asked.get(id);
    asked.delete(id);
    const why = textIn(object, "error") || "it was refused";
    if (then) then(object.success === true ? objectIn(object, "data") : undefined, why);
    else if (object.success === false) out.tell({ event: "error_reported", message: why });
  };
  const readDialog = (object: StreamObject) => {
    const dialog = readPiDialog(object);
    if (!dialog) {
      if (object.notifyType === "error") out.tell({ event: "error_reported", message: textIn(object, "message") });
      return;
    }
    const { question, responseTo } = dialog;
    questions.ask(question, (answer) => {
      out.write({ type: "extension_ui_response", id: question.question, ...responseTo(answer) });
      return undefined;
    });
  };
  const readCompactionEnd = (object: StreamObject) => {
    const message = textIn(object, "errorMessage");
    if (isCompacting && message !== "") out.tell({ event: "error_reported", message });
    completeCompaction(object.aborted !== true && message === "");
  };
  const readUpdate = (update: StreamObject) => {
    if (update.type === "text_delta") out.stream("text", textIn(update, "delta"));
    if (update.type === "thinking_delta") out.stream("thought", textIn(update, "delta"));
  };
  const read = (object: StreamObject) => {
    const tool = { id: textIn(object, "toolCallId"), tool: textIn(object, "toolName"), input: object.args ?? {} };
    switch (object.type) {
      case "response":
        return readResponse(object);
      case "extension_ui_request":
        return readDialog(object);
      case "agent_start":
        if (!turn) beginTurn();
        if (turn) turn.isRunning = true;
        return;
      case "agent_settled":
        return settle();
      case "message_update":
        return readUpdate(objectIn(object, "assistantMessageEvent"));
      case "message_end": {
        const found = readAssistant(objectIn(object, "message"));
        // What an abort makes of the model's answer is no error.
        if (!found || (turn?.isAborted && !found.result.ok)) return;
        last = found.result;
        return out.tell(...found.events);
      }
      case "tool_execution_start":
        return turn && tools.start(tool);
      case "tool_execution_end": {
        const ended = { ok: object.isError !== true, output: contentText(objectIn(object, "result")) };
        return turn && tools.complete(tool, ended);
      }
      case "thinking_level_changed":
        return tellThinking(textIn(object, "level"));
      case "compaction_start":
        return beginCompaction();
      case "compaction_end":
        return readCompactionEnd(object);
      case "extension_error":
        return out.tell({ event: "error_reported", message: `an extension failed: ${textIn(object, "error")}` });
      default:
    }
  };
  const readLine = (line: JsonLine) => {
    if ("object" in line) read(line.object);
    else out.tell(line.event);
  };

  const obey = (command: SessionCommand) => {
    switch (command.type) {
      case "prompt":
      case "follow_up":
        return prompt(command.text);
      case "steer":
        // As a prompt it begins a turn of its own where it comes too late; while pi sums up it takes none.
        if (isCompacting) return ask("steer", { message: command.text });
        return ask("prompt", { message: command.text, streamingBehavior: "steer" });
      case "abort":
        return abort();
      case "answer":
        return questions.answer(command.question, command.answer);
      case "set_model":
        return setModel(command.model);
      case "set_thinking":
        return setThinking(command.level);
      case "compact":
        beginCompaction();
        return ask("compact", {}, (data) => completeCompaction(data !== undefined));
      default:
        command satisfies never;
    }
  };

  return {
    get isReady() {
      return isReady;
    },
    open() {
      ask("get_state", {}, readState);
      return out.take();
    },
    encode(command) {
      obey(command);
      return out.take();
    },
    decode(bytes) {
      for (const line of lines.write(bytes)) readLine(line);
      return out.take();
    },
    end() {
      for (const line of lines.end()) readLine(line);
      completeTurn("interrupted", last?.text ?? "");
      completeCompaction(false);
      questions.withdrawAll({ tellCli: false });
      const { write: _, ...told } = out.take();
      return told;
    },
  };
}
