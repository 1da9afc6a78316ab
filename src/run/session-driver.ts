import { Failure } from "../base/failure.ts";
import { providerFailure } from "../provider/errors.ts";
import type { SessionAbilities, SessionCodec, SessionStep } from "../provider/provider.ts";
import type { RunningProcess } from "../spec/engine.ts";
import type { RunEvent, RunEventDraft } from "../spec/events.ts";
import type { SessionCommand, TurnEnd } from "../spec/session.ts";
import { createOpenQuestions } from "./open-questions.ts";
import { createSessionInput } from "./session-input.ts";

/** Prompts that may wait for the end of a turn. */
const longestQueue = 100;
/** How long a CLI may take to end a turn that it was told to abort; then it is ended itself. */
const abortSeconds = 30;

/** What a session's driver is given. */
export interface SessionParts {
  readonly agent: string;
  readonly codec: SessionCodec;
  readonly abilities: SessionAbilities;
  append(draft: RunEventDraft): RunEvent;
  streamed(kind: "text" | "thought", text: string): void;
  /** Whether something goes on may have changed. */
  changed?(): void;
}

/** Drives one CLI in its two-way mode: what clients say goes in, in order; what it says becomes events. */
export interface SessionDriver {
  /** Takes a command, and says which prompt's turn answers it. Throws `session_unsupported` and `session_refused`. */
  command(command: SessionCommand): { readonly prompt?: number };
  /** The CLI runs. Prompts may have been given before. */
  start(child: Pick<RunningProcess, "write" | "closeInput" | "kill">): void;
  decode(bytes: Uint8Array): void;
  /** Its output has ended: a turn that went on was interrupted. */
  end(): void;
  /** Nothing more will be said: it ends after the last turn. */
  finish(): void;
  /** Whether nothing goes on: no turn, no prompt that waits. */
  readonly isIdle: boolean;
  /** How the last turn ended. */
  readonly lastTurn: TurnEnd | undefined;
  /** Whether it was told that nothing more comes, and its last turn was over. */
  readonly isFinished: boolean;
}

interface Waiting {
  readonly prompt: number;
  readonly text: string;
}

/** Makes the driver of one session. */
export function createSessionDriver(parts: SessionParts): SessionDriver {
  const { agent, codec, abilities } = parts;
  const input = createSessionInput(() => {
    const message = "it had to be answered and did not read the answers: it was ended";
    parts.append({ event: "error_reported", message });
  });
  const questions = createOpenQuestions();
  let phase: "starting" | "open" | "ended" | "over" = "starting";
  let turn: { readonly prompt?: number; isTold: boolean } | undefined;
  let isCompacting = false;
  let isFinishing = false;
  let isFinished = false;
  let queue: Waiting[] = [];
  let lastTurn: TurnEnd | undefined;
  /** One that may have come too late for its turn: a turn that the CLI then begins by itself answers it. */
  let lastSteer: number | undefined;
  let abortTimer: NodeJS.Timeout | undefined;

  const isReady = () => phase === "open" && codec.isReady !== false;
  const refuse = (why: string) => providerFailure("session_refused", { agent, why });
  const unsupported = (what: string) => providerFailure("session_unsupported", { agent, what });
  const numbered = (prompt: number | undefined) => (prompt === undefined ? {} : { prompt });

  const completeTurn = (outcome: TurnEnd, text: string) => {
    if (turn === undefined) return;
    if (!turn.isTold) parts.append({ event: "turn_started", ...numbered(turn.prompt) });
    for (const question of questions.close()) {
      parts.append({ event: "question_answered", question, answer: { cancelled: true } });
    }
    clearTimeout(abortTimer);
    lastTurn = outcome;
    const { prompt } = turn;
    turn = undefined;
    parts.append({ event: "turn_completed", ...numbered(prompt), outcome, text });
  };

  const take = (draft: RunEventDraft) => {
    switch (draft.event) {
      case "turn_started":
        if (turn?.isTold) return;
        turn = { ...(turn ?? numbered(lastSteer)), isTold: true };
        lastSteer = undefined;
        parts.append({ ...draft, ...numbered(turn.prompt) });
        return;
      case "turn_completed":
        return completeTurn(draft.outcome, draft.text);
      case "question_asked":
        if (!questions.open(draft)) return cancelQuestion(draft.question);
        break;
      case "question_answered":
        if (!questions.answered(draft.question)) return;
        break;
      case "compaction_started":
        isCompacting = true;
        break;
      case "compaction_completed":
        isCompacting = false;
        break;
      default:
    }
    parts.append(draft);
  };

  const perform = (step: SessionStep) => {
    // The pieces first: what they are of follows whole, as an event.
    for (const { kind, text } of step.streamed ?? []) parts.streamed(kind, text);
    // Told before it is done: what is on the record may not have happened, what happened is on the record.
    for (const draft of step.events ?? []) take(draft);
    if (step.write !== undefined) input.write(step.write);
  };

  const cancelQuestion = (question: string) => {
    try {
      perform(codec.encode({ type: "answer", question, answer: { cancelled: true } }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error; // It was cancelled with another one already.
    }
  };

  const begin = ({ prompt, text }: Waiting) => {
    turn = { prompt, isTold: false };
    try {
      perform(codec.encode({ type: "prompt", text }));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      completeTurn("failed", error.message);
    }
  };

  const goOn = () => {
    while (isReady() && turn === undefined && !isCompacting) {
      const next = queue.shift();
      if (next === undefined) break;
      begin(next);
    }
    if (isFinishing && !isFinished && isReady() && turn === undefined && !isCompacting) {
      input.close();
      isFinished = true;
      phase = "ended";
    }
    parts.changed?.();
  };

  const dropQueue = (reason: string) => {
    if (queue.length === 0) return;
    const prompts = queue.map(({ prompt }) => prompt);
    queue = [];
    parts.append({ event: "prompts_dropped", prompts, reason });
  };

  const receive = (kind: "prompt" | "steer" | "follow_up", text: string) =>
    parts.append({ event: "prompt_received", kind, text }).seq;

  const enqueue = (kind: "prompt" | "follow_up", text: string) => {
    if (queue.length >= longestQueue) throw refuse(`${longestQueue} prompts wait already`);
    const prompt = receive(kind, text);
    queue.push({ prompt, text });
    goOn();
    return { prompt };
  };

  const steer = (type: "prompt" | "steer", text: string) => {
    if (turn === undefined) return enqueue("prompt", text);
    if (abilities.steer === "no") {
      if (type === "steer") throw unsupported("be steered");
      throw refuse("it is at work, and cannot be steered: use follow_up, or abort first");
    }
    if (abilities.steer === "queued") return enqueue("follow_up", text);
    const step = codec.encode({ type: "steer", text });
    lastSteer = receive("steer", text);
    perform(step);
    return numbered(turn.prompt);
  };

  const abort = () => {
    dropQueue("the turn before was aborted");
    if (turn === undefined) return {};
    perform(codec.encode({ type: "abort" }));
    clearTimeout(abortTimer);
    if (turn !== undefined) abortTimer = setTimeout(() => input.kill(), abortSeconds * 1000).unref();
    return numbered(turn?.prompt);
  };

  const answer = (command: Extract<SessionCommand, { type: "answer" }>) => {
    if (!abilities.answer) throw unsupported("be answered");
    const problem = questions.problemWith(command);
    if (problem !== undefined) throw refuse(problem);
    const step = codec.encode(command);
    questions.answered(command.question);
    parts.append({ event: "question_answered", question: command.question, answer: command.answer });
    perform(step);
    return numbered(turn?.prompt);
  };

  const change = (command: SessionCommand) => {
    if (!isReady()) throw refuse("it is still starting");
    perform(codec.encode(command));
    return {};
  };

  const dispatch = (command: SessionCommand): { readonly prompt?: number } => {
    switch (command.type) {
      case "prompt":
      case "steer":
        return steer(command.type, command.text);
      case "follow_up":
        return enqueue(turn === undefined ? "prompt" : "follow_up", command.text);
      case "abort":
        return abort();
      case "answer":
        return answer(command);
      case "set_model":
        if (!abilities.setModel) throw unsupported("change its model");
        return change(command);
      case "set_thinking":
        if (!abilities.thinking.includes(command.level)) throw unsupported(`think at level ${command.level}`);
        return change(command);
      case "compact":
        if (!abilities.compact) throw unsupported("sum its conversation up");
        if (turn !== undefined || isCompacting) throw refuse("it is at work: wait for the turn's end, or abort");
        return change(command);
      default:
        return command satisfies never;
    }
  };

  return {
    command(command) {
      if (phase === "ended" || phase === "over" || isFinishing) throw refuse("the session ends");
      if (input.isFull) throw refuse("it does not read what is said to it");
      const answered = dispatch(command);
      goOn();
      return answered;
    },
    start(child) {
      input.open(child);
      phase = "open";
      perform(codec.open());
      goOn();
    },
    decode(bytes) {
      perform(codec.decode(bytes));
      goOn();
    },
    end() {
      if (phase === "over") return;
      if (phase !== "starting") perform(codec.end());
      phase = "over";
      completeTurn("interrupted", "");
      dropQueue("the session ended");
    },
    finish() {
      isFinishing = true;
      goOn();
    },
    get isIdle() {
      return turn === undefined && queue.length === 0 && !isCompacting;
    },
    get lastTurn() {
      return lastTurn;
    },
    get isFinished() {
      return isFinished;
    },
  };
}
