import type { SessionCommand, ThinkingLevel, TurnEnd } from "../spec/session.ts";
import { readThought, readToolEnd, readToolItem } from "./codex-items.ts";
import { readCodexRequest } from "./codex-questions.ts";
import { createJsonLines, type JsonLine, objectIn, type StreamObject, textIn } from "./json-line-decoder.ts";
import type { SessionCodec, SessionRequest } from "./provider.ts";
import { createSessionOutput } from "./session-output.ts";
import { createSessionQuestions } from "./session-questions.ts";
import { createSessionTools } from "./session-tools.ts";

const agent = "codex";

/** Those of the newest models; one that does not have a level refuses the turn. */
export const thinkingLevels: readonly ThinkingLevel[] = ["off", "minimal", "low", "medium", "high", "xhigh"];

/** Not sent to us: long, many, and told of by other means. */
const unheard = [
  ...["thread/tokenUsage/updated", "account/rateLimits/updated", "turn/diff/updated", "turn/plan/updated"],
  ...["item/commandExecution/outputDelta", "item/fileChange/outputDelta", "item/fileChange/patchUpdated"],
];

/** What is done with the answer to a request of ours; undefined stands for a refusal, which says why. */
type Then = (result: StreamObject | undefined, why: string) => void;

/** What the app-server does: a turn is either ours, begun by a prompt, or the summing up that we asked for. */
interface Doing {
  readonly kind: "turn" | "compaction";
  /** The app-server's id of it, once it told it. */
  id?: string;
  isAborted?: boolean;
  /** It sums up by itself within a turn. */
  isSummingUp?: boolean;
  /** Steering that came before the id. */
  readonly steers: string[];
}

/** Speaks `codex app-server`: JSON-RPC, one object a line, in which either side asks the other. */
export function createCodexSession(request: SessionRequest): SessionCodec {
  const out = createSessionOutput();
  const lines = createJsonLines(agent);
  const tools = createSessionTools(out);
  const questions = createSessionQuestions(agent, out);
  const asked = new Map<number, Then>();
  let requests = 0;
  let thread: string | undefined;
  /** Why there is no conversation, and will be none. */
  let broken: string | undefined;
  let doing: Doing | undefined;
  let lastId: string | undefined;
  let said = "";

  const ask = (method: string, params: object, then: Then = reportRefusal) => {
    requests += 1;
    asked.set(requests, then);
    out.write({ method, id: requests, params });
  };
  const reportRefusal: Then = (result, why) => {
    if (!result) out.tell({ event: "error_reported", message: why });
  };

  const completeTurn = (outcome: TurnEnd, text: string) => {
    if (doing?.kind !== "turn") return;
    sumUp(false, false);
    tools.closeAll(outcome === "completed" ? "unseen" : "cut");
    questions.withdrawAll({ tellCli: false });
    doing = undefined;
    out.tell({ event: "turn_completed", outcome, text });
  };
  const completeCompaction = (ok: boolean) => {
    if (doing?.kind !== "compaction") return;
    doing = undefined;
    out.tell({ event: "compaction_completed", ok });
  };
  /** Tells a summing up within a turn, in pairs. */
  const sumUp = (isNow: boolean, ok: boolean) => {
    if (doing?.kind !== "turn" || (doing.isSummingUp ?? false) === isNow) return;
    doing.isSummingUp = isNow;
    out.tell(isNow ? { event: "compaction_started" } : { event: "compaction_completed", ok });
  };
  const beginTurn = () => {
    doing = { kind: "turn", steers: [] };
    said = "";
    out.tell({ event: "turn_started" });
  };
  const prompt = (text: string) => {
    beginTurn();
    if (thread === undefined) return completeTurn("failed", broken ?? "it has not started");
    ask("turn/start", { threadId: thread, input: inputOf(text) }, (result, why) => {
      if (result) turnBegan(textIn(objectIn(result, "turn"), "id"));
      else completeTurn("failed", why);
    });
  };
  /** What waited for the turn's id is said now. */
  const turnBegan = (id: string) => {
    if (doing === undefined || doing.id !== undefined || id === lastId) return;
    doing.id = id;
    lastId = id;
    if (doing.isAborted) interrupt();
    for (const text of doing.steers.splice(0)) steer(text);
  };
  const interrupt = () => ask("turn/interrupt", { threadId: thread, turnId: doing?.id }, () => {});
  const steer = (text: string, isAgain = false) => {
    if (doing?.kind !== "turn") return prompt(text);
    const { id } = doing;
    if (id === undefined) {
      doing.steers.push(text);
      return;
    }
    ask("turn/steer", { threadId: thread, expectedTurnId: id, input: inputOf(text) }, (result, why) => {
      if (result || doing?.isAborted) return;
      // It came too late for its turn: it begins one of its own, or reaches the one that began meanwhile, so that no word is lost.
      if (doing?.id !== id && !isAgain) steer(text, true);
      else out.tell({ event: "error_reported", message: why });
    });
  };
  const openThread = (resume: string | undefined) => {
    const settings = {
      cwd: request.workdir,
      approvalPolicy: request.asks ? "untrusted" : "never",
      sandbox: "danger-full-access",
      ...(request.model === undefined ? {} : { model: request.model }),
      ...(request.instructions === undefined ? {} : { developerInstructions: request.instructions }),
    };
    const opened: Then = (result, why) => {
      const id = textIn(objectIn(result ?? {}, "thread"), "id");
      if (id !== "") {
        thread = id;
        out.tell({ event: "conversation_opened", conversation: id, resumed: resume !== undefined });
        if (request.thinking !== undefined) changeSetting({ effort: effortOf(request.thinking) });
        return;
      }
      out.tell({ event: "error_reported", message: why });
      // A conversation in which nothing was said yet is nowhere: it begins anew, and says so.
      if (resume === undefined) broken = why;
      else openThread(undefined);
    };
    if (resume === undefined) ask("thread/start", settings, opened);
    else ask("thread/resume", { threadId: resume, excludeTurns: true, ...settings }, opened);
  };
  /** Counts from the next turn on. */
  const changeSetting = (setting: object, then: Then = reportRefusal) =>
    ask("thread/settings/update", { threadId: thread, ...setting }, then);

  const readItem = (item: StreamObject, isDone: boolean) => {
    const text = item.type === "reasoning" ? readThought(item) : textIn(item, "text");
    if (item.type === "agentMessage" && isDone && text !== "") {
      said = text;
      out.tell({ event: "text_produced", text });
    } else if (item.type === "reasoning" && isDone && text !== "") {
      out.tell({ event: "thought_produced", text });
    } else if (item.type === "contextCompaction") {
      sumUp(!isDone, true);
    } else if (doing?.kind === "turn") {
      const tool = readToolItem(item);
      if (tool && isDone) tools.complete(tool, readToolEnd(item));
      else if (tool) tools.start(tool);
    }
  };
  const readTurnStart = (id: string) => {
    if (id === lastId) return;
    // It may begin one by itself: work in the background that ended, a goal.
    if (doing === undefined && thread !== undefined) beginTurn();
    turnBegan(id);
  };
  const readTurnEnd = (ended: StreamObject) => {
    const id = textIn(ended, "id");
    if (doing === undefined || (doing.id === undefined ? id === lastId : id !== doing.id)) return;
    lastId = id;
    if (doing.kind === "compaction") completeCompaction(ended.status === "completed");
    else if (ended.status === "failed") completeTurn("failed", textIn(objectIn(ended, "error"), "message") || said);
    else completeTurn(ended.status === "interrupted" ? "aborted" : "completed", said);
  };
  const readNotification = (method: string, params: StreamObject) => {
    // Agents that Codex starts by itself have threads of their own.
    if (params.threadId !== undefined && params.threadId !== thread) return;
    switch (method) {
      case "turn/started":
        return readTurnStart(textIn(objectIn(params, "turn"), "id"));
      case "turn/completed":
        return readTurnEnd(objectIn(params, "turn"));
      case "item/started":
      case "item/completed":
        return readItem(objectIn(params, "item"), method === "item/completed");
      case "item/agentMessage/delta":
        return out.stream("text", textIn(params, "delta"));
      case "item/reasoning/summaryTextDelta":
      case "item/reasoning/textDelta":
        return out.stream("thought", textIn(params, "delta"));
      case "serverRequest/resolved":
        return questions.withdraw(idText(params.requestId));
      case "model/rerouted":
        return out.tell({ event: "model_changed", model: textIn(params, "toModel") });
      case "error":
        return out.tell({ event: "error_reported", message: errorText(objectIn(params, "error")) });
      default:
    }
  };
  const readRequest = (id: string | number, method: string, params: StreamObject) => {
    const found = readCodexRequest(method, params);
    if (!found) {
      out.write({ id, error: { code: -32601, message: `Caisson does not answer ${method}` } });
    } else if (!request.asks && found.unasked) {
      out.write({ id, result: found.unasked });
    } else {
      questions.ask({ question: idText(id), ...found.question }, (answer) => {
        const told = found.resultOf(answer);
        if ("misfit" in told) return told.misfit;
        out.write({ id, result: told.result });
        return undefined;
      });
    }
  };
  const readLine = (line: JsonLine) => {
    if ("event" in line) return out.tell(line.event);
    const { id, method, result } = line.object;
    if (typeof method === "string") {
      const params = objectIn(line.object, "params");
      if (typeof id === "number" || typeof id === "string") readRequest(id, method, params);
      else readNotification(method, params);
    } else if (typeof id === "number") {
      const then = asked.get(id);
      asked.delete(id);
      const why = textIn(objectIn(line.object, "error"), "message") || "it was refused";
      then?.(result === undefined ? undefined : objectIn(line.object, "result"), why);
    }
  };

  const obey = (command: SessionCommand) => {
    switch (command.type) {
      case "prompt":
      case "follow_up":
        return prompt(command.text);
      case "steer":
        return steer(command.text);
      case "abort":
        if (doing === undefined) return;
        // What it asked it takes back by itself.
        doing.isAborted = true;
        doing.steers.length = 0;
        return doing.id === undefined ? undefined : interrupt();
      case "answer":
        return questions.answer(command.question, command.answer);
      case "set_model":
        return changeSetting({ model: command.model }, (result, why) => {
          if (result) out.tell({ event: "model_changed", model: command.model });
          else reportRefusal(result, why);
        });
      case "set_thinking":
        return changeSetting({ effort: effortOf(command.level) }, (result, why) => {
          if (result) out.tell({ event: "thinking_changed", level: command.level });
          else reportRefusal(result, why);
        });
      case "compact":
        doing = { kind: "compaction", steers: [] };
        out.tell({ event: "compaction_started" });
        return ask("thread/compact/start", { threadId: thread }, (result, why) => {
          reportRefusal(result, why);
          if (!result) completeCompaction(false);
        });
      default:
        command satisfies never;
    }
  };

  return {
    get isReady() {
      return thread !== undefined || broken !== undefined;
    },
    open() {
      const clientInfo = { name: "caisson", title: null, version: "1" };
      // What lies beyond the stable protocol is needed to change the model between turns.
      const capabilities = { experimentalApi: true, requestAttestation: false, optOutNotificationMethods: unheard };
      ask("initialize", { clientInfo, capabilities }, (result, why) => {
        reportRefusal(result, why);
        out.write({ method: "initialized" });
        openThread(request.resume);
      });
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
      completeTurn("interrupted", said);
      completeCompaction(false);
      questions.withdrawAll({ tellCli: false });
      const { write: _, ...told } = out.take();
      return told;
    },
  };
}

const inputOf = (text: string) => [{ type: "text", text, text_elements: [] }];

const effortOf = (level: ThinkingLevel) => (level === "off" ? "none" : level);

const idText = (id: unknown) => (typeof id === "string" || typeof id === "number" ? `${id}` : "");

function errorText(error: StreamObject): string {
  const details = textIn(error, "additionalDetails");
  return `${textIn(error, "message")}${details === "" ? "" : ` (${details})`}`;
}
