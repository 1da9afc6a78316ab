import type { RunEvent } from "../../spec/events.ts";
import type { Output, Style } from "../output/output.ts";
import { createRunView, type RunTotals } from "../run/run-view.ts";

/** Tells a session to a person: what any run tells, and the conversation. */
export interface SessionView {
  show(event: RunEvent): void;
  streamed(kind: "text" | "thought", text: string): void;
  /** What the person typed here need not be told to them. */
  typed(text: string): void;
  readonly totals: RunTotals;
}

/** Makes the view of one session. Pieces of what the model says are shown on a terminal only: elsewhere whole texts are. */
export function createSessionView(output: Output, slug: string): SessionView {
  const view = createRunView(output, slug);
  const isLive = output.isTerminal && !output.json;
  let isOpen = false;
  const own: string[] = [];
  let turnBegan: string | undefined;

  const show = (event: RunEvent) => {
    if (isOpen && event.event === "text_produced") {
      // It has been seen piece by piece.
      isOpen = false;
      output.pass("stdout", Buffer.from("\n"));
      return;
    }
    view.show(event);
    if (output.json) return;
    if (event.event === "prompt_received" && own[0] === event.text) {
      own.shift();
      return;
    }
    for (const line of tell(event, slug, output.style)) output.note(line);
    if (event.event === "turn_started") turnBegan = event.ts;
    // Elsewhere the prompt that follows, or the end, says so.
    if (isLive && event.event === "turn_completed" && event.outcome === "completed")
      output.note(output.style.dim(turnDoneLine(turnBegan, event.ts, view.totals)));
  };
  return {
    show,
    streamed(kind, text) {
      if (!isLive || kind !== "text") return;
      isOpen = true;
      output.pass("stdout", Buffer.from(text));
    },
    typed: (text) => void own.push(text),
    get totals() {
      return view.totals;
    },
  };
}

/** What the conversation's own events say to a person. */
function tell(event: RunEvent, slug: string, style: Style): readonly string[] {
  switch (event.event) {
    case "conversation_opened":
      return event.resumed ? [style.dim("  goes on with the conversation")] : [];
    case "prompt_received":
      return [style.dim(`  ${event.kind === "prompt" ? "›" : event.kind === "steer" ? "››" : "›…"} ${event.text}`)];
    case "prompts_dropped":
      return [`  ${style.warn("! dropped")}  ${event.prompts.length} waited and will not be run: ${event.reason}`];
    case "turn_completed":
      return turnLines(event, style);
    case "question_asked": {
      const options = event.options.map(({ id, label }, index) => oneLine(`${index + 1} ${label} (${id})`)).join(" · ");
      return [
        `  ${style.warn("? asks")}     ${oneLine(event.title)}`,
        ...askedLines(event.input),
        `             ${options === "" ? "type the answer" : options}`,
        style.dim(`             from elsewhere: caisson send ${slug} --answer ${answerWord(event.options[0]?.id)}`),
      ];
    }
    case "question_answered":
      return [style.dim(`  answered   ${Object.values(event.answer).join()}`)];
    case "model_changed":
      return [style.dim(`  model      ${event.model}`)];
    case "thinking_changed":
      return [style.dim(`  thinking   ${event.level}`)];
    case "compaction_completed":
      return [style.dim(`  summed up  ${event.ok ? "the conversation is shorter now" : "it could not be"}`)];
    default:
      return [];
  }
}

/** That it is the person's turn again, and what the session came to so far. */
function turnDoneLine(began: string | undefined, ended: string, { requests, tokens }: RunTotals): string {
  const seconds = began === undefined ? undefined : (Date.parse(ended) - Date.parse(began)) / 1000;
  const took = seconds === undefined ? "" : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s · `;
  return `  ✓ turn     ${took}${requests} ${requests === 1 ? "request" : "requests"}, ${tokens.toLocaleString("en")} tokens so far`;
}

const mostLines = 20;
const mostOfLine = 400;

/** What the tool would get, in full where that can be read: nobody should allow what they were not shown. */
function askedLines(input: unknown): readonly string[] {
  if (input === undefined || input === null || input === "") return [];
  const fields = typeof input === "object" ? Object.entries(input) : [["", input] as const];
  const lines = fields.flatMap(([name, value]) => {
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    const [first = "", ...rest] = text.trimEnd().split("\n");
    return [name === "" ? first : `${name}: ${first}`, ...rest];
  });
  const shown = lines
    .slice(0, mostLines)
    .map((line) =>
      line.length > mostOfLine ? `${line.slice(0, mostOfLine)}… ${line.length - mostOfLine} more` : line,
    );
  const more = lines.length - shown.length;
  return [...shown, ...(more > 0 ? [`… ${more} more lines`] : [])].map((line) => `             | ${line}`);
}

/** An agent's words in one line: what follows could be taken for ours. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Typed into a shell by whoever copies it: an agent makes its options' ids up. */
const answerWord = (id: string | undefined): string => (id === undefined ? "TEXT" : /^[\w.-]+$/.test(id) ? id : "1");

function turnLines(event: Extract<RunEvent, { event: "turn_completed" }>, style: Style): readonly string[] {
  switch (event.outcome) {
    case "completed":
      return [];
    case "aborted":
      return [`  ${style.warn("! aborted")}`];
    case "failed":
      return [`  ${style.bad("✗ failed")}   ${event.text}`];
    case "interrupted":
      return [`  ${style.warn("! interrupted")} in this turn: it is not run again by itself`];
  }
}
